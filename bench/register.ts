import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Act } from '../src/act.ts'
import { canonicalJson } from '../src/canonical-json.ts'
import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import type { ContractCommand } from '../src/contract/contract-commands.ts'
import type { ContractEvent } from '../src/contract/contract-events.ts'
import type { ContractLife } from '../src/contract/contract-life.ts'
import { decideContract } from '../src/contract/decide-contract.ts'
import { foldContract } from '../src/contract/fold-contract.ts'
import type { World } from '../src/decision/world.ts'
import { digestOf } from '../src/digest.ts'
import { Evidence } from '../src/log/evidence.ts'
import { createLogDirectory } from '../src/log/log-directory.ts'
import { signerOf } from '../src/log/signer.ts'
import type { Role } from '../src/people.ts'
import { providerOf } from '../src/policy/provider.ts'
import { RegisterBundle } from '../src/server/register-bundle.ts'
import { KINDS } from '../src/server/register-kinds.ts'
import { changeWithin, type StoredEvent } from '../src/store/change.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { keepListing, type Listing, list } from '../src/store/listing.ts'
import { transact } from '../src/store/transact.ts'
import { contractAt, randomOf } from './example.ts'
import { type Spread, spreadOf } from './measure.ts'

// Run by run.ts: a register of many contracts, on embedded PostgreSQL and a log on the disk.

/** What a register of so many contracts takes, in nanoseconds each but where it says seconds. */
export interface RegisterReport {
  readonly contracts: number
  readonly openSeconds: number
  readonly page: Spread
  readonly ofState: Spread
  readonly search: Spread
  /** One suspension, until it is on the disk. */
  readonly change: Spread
  /** From there until decisions are made by it. */
  readonly effect: Spread
}

const DAY_MS = 86_400_000
const publisher = signerOf('bench.example/bundles', Buffer.alloc(32, 1))
const QUIET = {
  info: (): void => undefined,
  warn: (): void => undefined,
  error: (): void => undefined,
}

/** Events and the state of a contract like the first of the bench's, signed and in force. */
function template(world: World): {
  readonly events: readonly ContractEvent[]
  readonly act: Act
  readonly life: ContractLife
} {
  const contract = contractAt(world, 0)
  const { determination, customer } = contract
  const binds = contract.terms.tailorings.map(({ id }) => id)
  const terms = { ...contract.terms, clauses: [{ id: 'c1', text: 'All of it', binds }] }
  const at = determination.decided + DAY_MS
  const context = {
    provider: providerOf(world),
    sha256,
    customer,
    renewed: null,
    determined: {
      customer,
      determination,
      judged: terms,
      approvedBy: [],
      renews: null,
      digest: digestOf(sha256('determination')),
      lapsesAt: at + 60 * DAY_MS,
    },
  }
  const events: ContractEvent[] = []
  let life: ContractLife | undefined
  const actOf = (by: string, role: Role): Act => ({
    by,
    role,
    at,
    round: life?.round ?? 0,
    digest: life?.digest ?? digestOf(sha256('')),
    nonce: `${events.length}`,
    proof: { kind: 'ed25519', key: '', signature: '' },
  })
  const go = (by: string, role: Role, command: ContractCommand): void => {
    const act = actOf(by, role)
    const decided = decideContract(life, command, act, context)
    if (!decided.ok) throw new Error(`${command.act}: ${JSON.stringify(decided.error)}`)
    for (const event of decided.value) {
      events.push(event)
      life = foldContract(life, { event, act })
    }
  }
  go('signer', 'signatory', {
    act: 'contract.draft',
    contract: contract.id,
    case: determination.case,
    terms,
  })
  go('signer', 'signatory', { act: 'contract.propose' })
  go('rep', 'customer-representative', { act: 'contract.sign', side: 'customer' })
  go('signer', 'signatory', { act: 'contract.sign', side: 'provider' })
  return { events, act: actOf('signer', 'signatory'), life: life as unknown as ContractLife }
}

/** Contracts that are put in at once. */
const SLICE = 1_000

async function fill({ db }: Database, world: World, contracts: number): Promise<void> {
  const { events, act, life } = template(world)
  const [actText, stateText] = [canonicalJson(act), canonicalJson(life)]
  const texts = events.map((event) => canonicalJson(event))
  const listingOf = KINDS['contract']?.listingOf as (state: ContractLife) => Listing
  const named = (text: string, i: number): string =>
    text.replaceAll(life.id, `contract-${i}`).replaceAll(life.customer, `agency-${i}`)
  let seq = 0
  for (let from = 0; from < contracts; from += SLICE) {
    await db.transaction().execute(async (trx) => {
      const ids: string[] = []
      const rows: { seq: number; id: string; version: number; event: string }[] = []
      for (let i = from; i < Math.min(contracts, from + SLICE); i++) {
        ids.push(`contract-${i}`)
        for (const [j, text] of texts.entries()) {
          rows.push({ seq: ++seq, id: `contract-${i}`, version: j + 1, event: named(text, i) })
        }
        const known = JSON.parse(named(stateText, i)) as ContractLife
        await keepListing(trx, { stream: 'contract', id: known.id }, listingOf(known))
      }
      await sql`insert into events (seq, stream, id, version, act, event)
        select seq, 'contract', id, version, ${actText}, event from unnest(
          ${rows.map((row) => row.seq)}::bigint[], ${rows.map((row) => row.id)}::text[],
          ${rows.map((row) => row.version)}::integer[], ${rows.map((row) => row.event)}::text[]
        ) as row (seq, id, version, event)`.execute(trx)
      await sql`insert into aggregates (stream, id, version, state)
        select 'contract', id, ${texts.length}, state from unnest(
          ${ids}::text[], ${ids.map((_, k) => named(stateText, from + k))}::text[]
        ) as row (id, state)`.execute(trx)
      await sql`update event_count set last_seq = ${seq}`.execute(trx)
    })
  }
  await sql`analyze`.execute(db)
}

async function timed(rounds: number, task: (round: number) => Promise<void>): Promise<Spread> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    await task(round)
    times.push((performance.now() - start) * 1e6)
  }
  return spreadOf(times)
}

async function report(
  world: World,
  out: string,
  contracts: number,
  rounds: number,
): Promise<RegisterReport> {
  mkdirSync(out, { recursive: true })
  const path = mkdtempSync(join(out, 'register-'))
  const database = await openDatabase({ directory: join(path, 'database') })
  const logs = join(path, 'log')
  createLogDirectory(logs, { host: 'bench.example', name: 'main' })
  const at = contractAt(world, 0).terms.term.from + DAY_MS / 2
  const clock = (): number => at
  const failing = (error: Error): never => {
    throw error
  }
  const evidence = await Evidence.open({
    path: logs,
    clock,
    bundle: () => digestOf(sha256('')),
    onTrouble: failing,
    onStopped: failing,
  })
  const parts = { database, evidence, clock, sha256, publisher, log: QUIET }
  try {
    await fill(database, world, contracts)
    const first = await RegisterBundle.open(parts)
    await first.close()
    const start = performance.now()
    const live = await RegisterBundle.open(parts)
    const openSeconds = (performance.now() - start) / 1_000
    const random = randomOf(1)
    const any = (): number => Math.floor(random() * contracts)
    const query = { stream: 'contract', at, limit: 50 }
    const { db } = database
    const page = await timed(
      rounds,
      async () => void (await list(db, { ...query, after: `contract-${any()}` })),
    )
    const ofState = await timed(
      rounds,
      async () =>
        void (await list(db, { ...query, state: 'in_force', after: `contract-${any()}` })),
    )
    const search = await timed(
      rounds,
      async () => void (await list(db, { ...query, words: `agency ${any()}`, after: '' })),
    )
    const changes: number[] = []
    const effects: number[] = []
    for (let round = 0; round < rounds; round++) {
      const id = `contract-${round * Math.floor(contracts / rounds)}`
      const begun = performance.now()
      await suspend(database, { id, at, world })
      const stored = performance.now()
      await live.settled()
      changes.push((stored - begun) * 1e6)
      effects.push((performance.now() - stored) * 1e6)
    }
    await live.close()
    return {
      contracts,
      openSeconds,
      page,
      ofState,
      search,
      change: spreadOf(changes),
      effect: spreadOf(effects),
    }
  } finally {
    await database.close()
    await evidence.close()
    rmSync(path, { recursive: true })
  }
}

async function suspend(
  { db }: Database,
  { id, at, world }: { readonly id: string; readonly at: number; readonly world: World },
): Promise<void> {
  const kind = KINDS['contract']
  if (kind === undefined) throw new Error('no contracts')
  const act: Act = {
    by: 'officer',
    role: 'safeguards-officer',
    at,
    round: 0,
    digest: digestOf(sha256(id)),
    nonce: id,
    proof: { kind: 'ed25519', key: '', signature: '' },
  }
  const provider = providerOf(world)
  const context = { provider, sha256, customer: null, renewed: null, determined: undefined }
  const done = await transact(db, (trx) =>
    changeWithin(trx, {
      stream: 'contract',
      id,
      act,
      decide: (state: unknown) =>
        kind.decide(
          state,
          { act: 'contract.suspend', reasons: 'Misuse' } as never,
          act,
          context as never,
        ),
      fold: kind.fold as (state: unknown, recorded: { event: StoredEvent; act: Act }) => unknown,
      listingOf: kind.listingOf as (state: unknown) => Listing,
    }),
  )
  if (!done.ok) throw new Error(JSON.stringify(done.error))
}

const [dir = '', out = '', contracts = '100000', rounds = '100'] = process.argv.slice(2)
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
process.stdout.write(
  `${JSON.stringify(await report(world, out, Number(contracts), Number(rounds)))}\n`,
)
