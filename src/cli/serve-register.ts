import type { Evidence } from '../log/evidence.ts'
import { Register } from '../server/register.ts'
import { RegisterBundle } from '../server/register-bundle.ts'
import type { RegisterServed } from '../server/register-routes.ts'
import type { Log } from '../server/served.ts'
import { openDatabase } from '../store/database.ts'
import type { Instant } from '../time.ts'
import type { Arguments } from './command.ts'
import { sha256 } from './load.ts'
import { databasePlace } from './register-place.ts'

/** A register that is served: its bundle as it goes on, and what its routes work with. */
export interface OpenRegister {
  readonly live: RegisterBundle
  readonly register: RegisterServed
  close(): Promise<void>
}

export interface OpenRegisterParts {
  readonly evidence: Evidence
  readonly clock: () => Instant
  readonly log: Log
}

/** Opens a register's database, and begins to make its bundle. */
export async function openRegister(
  args: Arguments,
  { evidence, clock, log }: OpenRegisterParts,
): Promise<OpenRegister> {
  const database = await openDatabase(databasePlace(args))
  try {
    const live = await RegisterBundle.open({ database, evidence, clock, sha256, log })
    const close = async (): Promise<void> => {
      await live.close()
      await database.close()
    }
    return { live, register: { register: new Register(database, sha256), database, live }, close }
  } catch (error) {
    await database.close()
    throw error
  }
}
