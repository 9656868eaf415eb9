import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Transaction } from 'kysely'
import { assert } from '../assert.ts'
import type { ContractLife } from '../contract/contract-life.ts'
import { kindOfFile, parseDocuments } from '../decision/documents.ts'
import type { World } from '../decision/world.ts'
import { printVerifier } from '../log/key.ts'
import { writeSecretFile } from '../log/secret-file.ts'
import { signAct } from '../log/signed-act.ts'
import { printSigner, SEED_BYTES, type Signer, signerOf } from '../log/signer.ts'
import { ok } from '../result.ts'
import type { Case } from '../review/case.ts'
import { determinationDigest } from '../review/determination.ts'
import type { ProviderRegister } from '../review/provider-register.ts'
import type { Register } from '../server/register.ts'
import type { RegisterServed } from '../server/register-routes.ts'
import { PEOPLE, PROVIDER } from '../server/register-streams.ts'
import { type Subject, stateOf } from '../store/change.ts'
import { keepFile } from '../store/files.ts'
import { giveNonce } from '../store/nonces.ts'
import type { Schema } from '../store/schema.ts'
import { transact } from '../store/transact.ts'
import { DAY_MS, type Instant, printInstantShort } from '../time.ts'
import { listDirectory, readSourceFile } from './directory.ts'
import { RefusedDirectory } from './load.ts'
import { readSigner } from './publisher.ts'
import { digestOfCommand, type Waiting } from './register-client.ts'
import { minutesOf, representativeOf, STAFF, type Step, storyOf } from './story.ts'

export interface Telling {
  readonly served: Pick<RegisterServed, 'register' | 'database'>
  /** The policy directory whose story it is. */
  readonly dir: string
  /** Where people's keys are written, so that whoever tries the register can act as any of them. */
  readonly keys: string
  /** When the story ends. */
  readonly until: Instant
}

/**
 * Tells a directory's story in a register in which nothing has happened; otherwise nothing. Says whether it did. All of it
 * is told or none: whoever ends it begins anew the next time.
 */
export async function tellStory(telling: Telling): Promise<boolean> {
  const { db } = telling.served.database
  const told = await transact<boolean, never>(db, async (trx) => {
    if (await stateOf(trx, PEOPLE)) return ok(false)
    await new Teller(telling, worldIn(telling.dir), trx).tell()
    return ok(true)
  })
  assert(told.ok, 'a story is told or not')
  return told.value
}

/** What a directory's story is of: its cases to be tested are left out, since they take longer to read than all else. */
function worldIn(dir: string): World {
  const names = listDirectory(dir).filter((name) => OF_STORIES.has(kindOfFile(name)))
  const { world, problems } = parseDocuments(names.map((name) => readSourceFile(dir, name)))
  if (world === undefined) throw new RefusedDirectory(dir, problems)
  return world
}

const OF_STORIES: ReadonlySet<string | undefined> = new Set([
  'policy',
  'exceptions',
  'models',
  'contract',
])

class Teller {
  readonly #telling: Telling
  readonly #world: World
  readonly #trx: Transaction<Schema>
  readonly #signers = new Map<string, Signer>()

  constructor(telling: Telling, world: World, trx: Transaction<Schema>) {
    this.#telling = telling
    this.#world = world
    this.#trx = trx
    mkdirSync(telling.keys, { recursive: true, mode: 0o700 })
  }

  async tell(): Promise<void> {
    const { until } = this.#telling
    const steps = storyOf(this.#world, until)
    const begun = Math.min(until, ...steps.map(({ at }) => at)) - 30 * DAY_MS
    for (const step of this.#founding(begun)) await this.#take(step)
    for (const step of steps) await this.#take(step)
  }

  /** People in their roles, models, and the first version of the documents. */
  #founding(at: Instant): readonly Step[] {
    const world = this.#world
    const textOf = (name: string): string => readSourceFile(this.#telling.dir, name).text
    const texts = { policy: textOf('policy.yaml'), exceptions: textOf('exceptions.yaml') }
    const by = { at, by: 'operator', role: 'operator', path: 'people' } as const
    const customers = [...new Set(world.contracts.map(({ customer }) => customer))]
    const people = [
      ...Object.entries(STAFF).map(([person, role]) => ({ person, role, customer: {} })),
      ...customers.map((customer) => ({
        person: representativeOf(customer),
        role: 'customer-representative' as const,
        customer: { customer },
      })),
    ]
    const officer = { at, by: 'officer', role: 'safeguards-officer', path: 'provider' } as const
    return [
      { ...by, command: { act: 'people.begin', person: 'operator', key: this.#keyOf('operator') } },
      ...people.flatMap(({ person, role, customer }): Step[] => [
        {
          ...by,
          command: { act: 'people.register', person, key: this.#keyOf(person), ...customer },
        },
        { ...by, command: { act: 'people.grant', person, role } },
      ]),
      ...world.models.models.flatMap(({ id: model, aliases, levels }): Step[] => [
        { ...officer, command: { act: 'models.add', model, aliases } },
        ...levels.map((level): Step => {
          const assertion = { ...level, from: printInstantShort(Math.max(level.from, at)) }
          return { ...officer, command: { act: 'models.assert', model, assertion } }
        }),
      ]),
      {
        at,
        by: 'author',
        role: 'policy-author',
        path: 'provider',
        command: { act: 'provider.propose', ...texts },
      },
      ...Object.entries(STAFF)
        .filter(([, role]) => role.startsWith('approver.'))
        .map(([person, role]): Step => {
          return { at, by: person, role, path: 'provider', command: { act: 'provider.approve' } }
        }),
    ]
  }

  async #take(step: Step): Promise<void> {
    const { register } = this.#telling.served
    const trx = this.#trx
    const { at, by, role } = step
    const subject = SUBJECTS[step.path] ?? subjectOf(step.path)
    const command = await this.#complete(step, subject)
    const { round, digest } = await this.#waiting(register, subject, command)
    for (const { digest: of, title } of evidenceIn(command)) {
      const name = { digest: of, mediaType: 'text/plain' }
      await keepFile(trx, name, Buffer.from(title), at)
    }
    const nonce = await giveNonce(trx, at)
    const signed = { by, role, round, digest, nonce }
    const named = `${subject.stream}/${subject.id}`
    const proof = signAct({ ...signed, act: command.act, subject: named }, this.#signerOf(by))
    const done = await register.performWithin(
      trx,
      { subject, command, signed: { ...signed, proof } },
      () => at,
    )
    assert(
      done.ok,
      `the story: ${step.path}: ${command.act}: ${done.ok ? '' : JSON.stringify(done.error)}`,
    )
  }

  /** Who enrols acknowledges the terms as they stand. */
  async #complete({ command }: Step, subject: Subject): Promise<Step['command']> {
    if (command.act !== 'contract.enrol') return command
    const stored = await stateOf<ContractLife>(this.#trx, subject)
    return { ...command, acknowledges: stored?.state.digest }
  }

  async #waiting(register: Register, subject: Subject, command: Step['command']): Promise<Waiting> {
    const stored = await stateOf<unknown>(this.#trx, subject)
    if (command.act === 'case.approve') {
      const state = stored?.state as Case
      return { round: state.round, digest: determinationDigest(state, register.sha256) }
    }
    if (command.act === 'contract.sign') return stored?.state as ContractLife
    if (command.act === 'provider.approve') {
      const state = stored?.state as ProviderRegister
      return state.proposal as Waiting
    }
    return { round: stored?.version ?? 0, digest: digestOfCommand(command) }
  }

  #keyOf(person: string): string {
    return printVerifier(this.#signerOf(person).verifier)
  }

  #signerOf(person: string): Signer {
    const known = this.#signers.get(person)
    if (known) return known
    const file = join(this.#telling.keys, `${person}.key`)
    // There is one already where an earlier telling was ended before it was done.
    const isThere = existsSync(file)
    const signer = isThere
      ? readSigner(file, 'signature')
      : signerOf(person, randomBytes(SEED_BYTES))
    if (!isThere) writeSecretFile(file, `${printSigner(signer)}\n`)
    this.#signers.set(person, signer)
    return signer
  }
}

/** The files of evidence that a command names. */
function evidenceIn({
  act,
  evidence,
  duty,
}: Step['command']): readonly { digest: string; title: string }[] {
  if (act === 'contract.meet-duty') {
    return [{ digest: String(evidence), title: minutesOf(String(duty)) }]
  }
  return Array.isArray(evidence) ? evidence : []
}

const SUBJECTS: Readonly<Record<string, Subject>> = { people: PEOPLE, provider: PROVIDER }

function subjectOf(path: string): Subject {
  const [collection = '', id = ''] = path.split('/')
  return { stream: collection.slice(0, -1), id }
}
