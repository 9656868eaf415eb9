import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { type Random, randomOf } from '../bench/example.ts'
import type { Bundle } from '../src/decision/bundle.ts'
import { compile } from '../src/decision/compile.ts'
import { decide } from '../src/decision/decide.ts'
import { decideByDefinition } from '../src/decision/definition.ts'
import type { Request } from '../src/decision/request.ts'
import type { World } from '../src/decision/world.ts'
import { signAct } from '../src/log/signed-act.ts'
import { Register } from '../src/server/register.ts'
import { KINDS } from '../src/server/register-kinds.ts'
import { makeAll } from '../src/server/register-made.ts'
import type { Scope } from '../src/shape.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { giveNonce } from '../src/store/nonces.ts'
import { rebuild } from '../src/store/rebuild.ts'
import type { Instant } from '../src/time.ts'
import { worldOf } from './bundle-anew.ts'
import { sha256 } from './bundle-of.ts'
import { CUSTOMER, OPENED } from './case-world.ts'
import { below, isLucky, oneOf } from './chance.ts'
import { MemoryRegister, nameOf } from './memory-register.ts'
import { testServer } from './postgres.ts'
import { type Deed, foundingDeeds, signedDeed } from './register-deeds.ts'
import { instantsIn } from './register-moment.ts'
import { walk } from './register-steps.ts'
import { RunningRegister } from './running-register.ts'
import './runs.ts'

// Random people act in a register that is served. After every few acts its bundle is what the definition says of the
// world that the events come to, however it was made; and the register in memory is the same one.

const IS_SOAK = process.env['PROVISO_SOAK'] !== undefined

/** How many registers. */
const REGISTERS = IS_SOAK ? 200 : 5

/** Acts that are tried in each. */
const DEEDS = 90

/** Most acts between two looks at the bundle. */
const BETWEEN_MAX = 12

/** Questions at each look. */
const QUESTIONS = 40

/** Two hours: what two hundred registers may take on a slow machine. */
const TIMEOUT_MS = 7_200_000

const seen = { permits: 0, exceptions: 0, denials: 0, refused: 0, done: 0, looks: 0 }

const postgres = testServer()
let running: RunningRegister | undefined
afterAll(async () => {
  await running?.close()
})

interface Stored extends Pick<Database, 'db'> {
  readonly register: Register
}

function storedIn({ db }: Database): Stored {
  return { db, register: new Register({ db }, sha256) }
}

/** Does a deed in both: each carries it out, or refuses it with the same code. */
async function doBoth({ db, register }: Stored, memory: MemoryRegister, deed: Deed): Promise<void> {
  const { by, role, subject, sent, at, spoilt } = deed
  const { round, digest, signer } = signedDeed(memory, deed)
  const used = spoilt === 'nonce' ? memory.events.at(-1)?.act.nonce : undefined
  const nonce = used ?? (await giveNonce(db, at))
  const signed = { by, role, round, digest, nonce }
  const proof = signAct({ ...signed, act: sent.act, subject: nameOf(subject) }, signer)
  const done = await register.perform(
    { subject, command: sent, signed: { ...signed, proof } },
    () => at,
  )
  const meant = memory.perform(subject, sent, { ...signed, at, proof })
  // Nonces are kept for a while only.
  const code = done.ok ? 'done' : done.error.code.replace(/^nonce-.*/, 'nonce-served')
  expect(code, `${by}: ${sent.act}`).toBe(meant.ok ? 'done' : meant.error.code)
  if (done.ok) seen.done++
  else seen.refused++
}

/** The digest of the bundle that a server would make of what is stored, were it started now. */
async function digestOfStored(database: Database, at: Instant): Promise<string> {
  const { live } = await makeAll({ database, clock: () => at, sha256 }, Number.MAX_SAFE_INTEGER)
  return live.bundle.digest
}

/** Looks at the bundle: made step by step it is what it is made anew, and decides as is meant. */
async function look(register: RunningRegister, random: Random): Promise<void> {
  await register.bundle.settled()
  const { bundle } = register.bundle.status
  const { database, at } = register
  const world = await worldOf(database.db, at)
  if (!world) return expect.fail('no policy is published')
  expect(bundle.digest).toBe(compile(world, sha256).digest)
  expect(bundle.digest).toBe(await digestOfStored(database, at))
  seen.looks++
  for (let i = 0; i < QUESTIONS; i++) {
    const request = anyRequest(random, world, at)
    // The lease is that of now, and questions are of any instant.
    const decided = decidedPart({ ...bundle, validUntil: null }, request)
    expect(decided, JSON.stringify(request)).toEqual(meantPart(world, request))
  }
  const validUntil = bundle.validUntil ?? undefined
  const now = { ...anyRequest(random, world, at), at }
  expect(decidedPart(bundle, now)).toEqual(meantPart({ ...world, validUntil }, now))
}

function decidedPart(bundle: Bundle, request: Request): unknown {
  const decided = decide(bundle, request)
  if (!decided.ok) return expect.fail(decided.error.code)
  const { request: _, at, bundle: digest, nearest, reasons, ...rest } = decided.value
  return { ...rest, reasons: reasons.map(({ code }) => code) }
}

function meantPart(world: World, request: Request): unknown {
  const { nearest: _, ...meant } = decideByDefinition(world, request)
  if (meant.outcome === 'permit') seen.permits++
  if (meant.outcome === 'permit-under-exception') seen.exceptions++
  if (meant.outcome === 'deny') seen.denials++
  return meant
}

/** A question that a contract may be the answer to, now or at an instant that is written in one. */
function anyRequest(random: Random, world: World, at: Instant): Request {
  const contract = oneOf(random, world.contracts)
  const { tailorings, deployments } = contract?.terms ?? { tailorings: [], deployments: [] }
  const { scope, uses, models } = oneOf(random, tailorings) ?? PLAIN
  const instants = instantsIn(contract?.register ?? {}).filter((one) => one >= OPENED)
  return {
    id: 'request',
    customer: isLucky(random, 0.95) ? CUSTOMER : 'riverside-clinic',
    deployment: isLucky(random, 0.95) ? (deployments[0]?.id ?? 'desk-1') : 'other',
    model: oneOf(random, models),
    uses: [isLucky(random, 0.9) ? (oneOf(random, uses) ?? 'general') : 'general'],
    facts: anyFacts(random, world, scope),
    signals: [],
    at: isLucky(random, 0.4) || instants.length === 0 ? at : oneOf(random, instants),
  }
}

const PLAIN = {
  scope: {},
  uses: ['surveillance.intelligence-analysis'],
  models: ['example-sonnet-20250514'],
}

function anyFacts(random: Random, { policy }: World, scope: Scope): Request['facts'] {
  const facts = Object.entries(scope).map(([fact, values]) => {
    const all = policy.facts[fact]?.values ?? []
    return [fact, isLucky(random, 0.95) ? [oneOf(random, values)] : [...all]] as const
  })
  return Object.fromEntries(facts.filter(() => isLucky(random, 0.97)))
}

const folds = Object.fromEntries(Object.entries(KINDS).map(([stream, { fold }]) => [stream, fold]))

/** What is stored is what its events come to, and what the same acts come to in memory. */
async function expectSame(register: RunningRegister, memory: MemoryRegister): Promise<void> {
  const { db } = register.database
  const rows = await db
    .selectFrom('aggregates')
    .select(['stream', 'id', 'version', 'state'])
    .execute()
  const stored = rows.map(({ stream, id, version, state }) => {
    return [`${stream}/${id}`, { version, state: JSON.parse(state) as unknown }] as const
  })
  expect(new Map(stored)).toEqual(new Map(JSON.parse(JSON.stringify([...memory.things]))))
  const { digest } = register.bundle.status.bundle
  expect((await rebuild(db, folds)).differing).toEqual([])
  expect(await digestOfStored(register.database, register.at)).toBe(digest)
}

/** People and documents, before anything is served. */
async function founded(url: string): Promise<MemoryRegister> {
  const database = await openDatabase({ url })
  const memory = new MemoryRegister()
  const stored = storedIn(database)
  for (const deed of foundingDeeds()) await doBoth(stored, memory, deed)
  await database.close()
  return memory
}

async function liveThrough(seed: number): Promise<void> {
  const random = randomOf(seed)
  const url = await postgres.emptyDatabase()
  const memory = await founded(url)
  running = await RunningRegister.start({ url }, OPENED)
  await running.storeEvidence()
  const stored = storedIn(running.database)
  let left = 0
  for (const deed of walk(memory, random, { from: OPENED, deeds: DEEDS })) {
    running.at = Math.max(running.at, deed.at)
    await doBoth(stored, memory, deed)
    if (left-- > 0) continue
    left = below(random, BETWEEN_MAX)
    await look(running, random)
  }
  await look(running, random)
  await expectSame(running, memory)
  await running.close()
  running = undefined
}

test(
  'a bundle that goes on step by step is the definition of what has happened',
  async () => {
    await fc.assert(fc.asyncProperty(fc.nat(), liveThrough), { numRuns: REGISTERS })
    const { exceptions, denials, refused } = seen
    // Or nothing was shown of them.
    expect(Math.min(exceptions, denials, refused), JSON.stringify(seen)).toBeGreaterThan(REGISTERS)
  },
  TIMEOUT_MS,
)
