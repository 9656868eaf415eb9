import type { Evidence } from '../log/evidence.ts'
import { Register } from '../server/register.ts'
import { RegisterBundle } from '../server/register-bundle.ts'
import type { RegisterServed } from '../server/register-routes.ts'
import type { Lack, Log } from '../server/served.ts'
import { openDatabase } from '../store/database.ts'
import type { Instant } from '../time.ts'
import type { Arguments } from './command.ts'
import { readSourceFile } from './directory.ts'
import { loadDocuments, sha256 } from './load.ts'
import { databasePlace, keysOf, registerSigner } from './register-place.ts'

/** A register that is served: its bundle as it goes on, and what its routes work with. */
export interface OpenRegister {
  readonly live: RegisterBundle
  readonly lacks: () => Lack | null
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
    const register = new Register(database, sha256)
    const story = args.text('story')
    if (story !== undefined) await tell(args, story, { register, database }, clock())
    const publisher = registerSigner(args, evidence.directory.config.host)
    const live = await RegisterBundle.open({ database, evidence, clock, sha256, publisher, log })
    const close = async (): Promise<void> => {
      await live.close()
      await database.close()
    }
    return { live, lacks: () => live.lacks, register: { register, database, live }, close }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Tells the story of a policy directory, when nothing has happened in the register. */
async function tell(
  args: Arguments,
  dir: string,
  served: Pick<RegisterServed, 'register' | 'database'>,
  until: Instant,
): Promise<void> {
  const { tellStory } = await import('./tell-story.ts')
  const { world } = loadDocuments(dir)
  const [policy, exceptions] = [POLICY, EXCEPTIONS].map((name) => readSourceFile(dir, name).text)
  const texts = { policy: policy ?? '', exceptions: exceptions ?? '' }
  await tellStory({ served, world, texts, keys: keysOf(args), until })
}

const POLICY = 'policy.yaml'
const EXCEPTIONS = 'exceptions.yaml'
