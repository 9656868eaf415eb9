import type { Evidence } from '../log/evidence.ts'
import { Register } from '../server/register.ts'
import { RegisterBundle } from '../server/register-bundle.ts'
import type { RegisterServed } from '../server/register-routes.ts'
import type { Lack, Log } from '../server/served.ts'
import { openDatabase } from '../store/database.ts'
import { lastAt } from '../store/events.ts'
import type { Instant } from '../time.ts'
import type { Clock } from './clock.ts'
import type { Arguments } from './command.ts'
import { sha256 } from './load.ts'
import { databasePlace, keysOf, registerSigner } from './register-place.ts'

/** A register that is served: its bundle as it goes on, and what its routes work with. */
export interface OpenRegister {
  readonly live: RegisterBundle
  readonly lacks: () => Lack | null
  readonly register: RegisterServed
  /** Whether a story was told in it; undefined: none was to be. */
  readonly isTold?: boolean
  close(): Promise<void>
}

export interface OpenRegisterParts {
  readonly evidence: Evidence
  readonly clock: Clock
  readonly log: Log
}

/** Opens a register's database, and begins to make its bundle. */
export async function openRegister(
  args: Arguments,
  { evidence, clock, log }: OpenRegisterParts,
): Promise<OpenRegister> {
  const database = await openDatabase(databasePlace(args))
  try {
    const register = new Register(database, sha256)
    if (clock.start !== undefined) {
      clock.moveOnTo(Math.max(await lastAt(database.db), evidence.anchoredAt))
    }
    const story = args.text('story')
    const told =
      story === undefined
        ? {}
        : { isTold: await tell(args, story, { register, database }, clock.start ?? clock.now()) }
    const publisher = registerSigner(args, evidence.directory.config.host)
    const parts = { database, evidence, clock: clock.now, sha256, publisher, log }
    const live = await RegisterBundle.open(parts)
    const close = async (): Promise<void> => {
      await live.close()
      await database.close()
    }
    const served = { register, database, live }
    return { live, lacks: () => live.lacks, register: served, ...told, close }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Tells the story of a policy directory, when nothing has happened in the register; says whether it did. */
async function tell(
  args: Arguments,
  dir: string,
  served: Pick<RegisterServed, 'register' | 'database'>,
  until: Instant,
): Promise<boolean> {
  const { tellStory } = await import('./tell-story.ts')
  return await tellStory({ served, dir, keys: keysOf(args), until })
}
