import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { type Database, openDatabase } from '../src/store/database.ts'
import type { Schema } from '../src/store/schema.ts'
import { randomOf } from './example.ts'
import { quantilesOf } from './measure.ts'
import type { Asked, Change, RegisterReport } from './register-report.ts'
import { CLOCK, isPermitted, Officers, type Running, start, stop } from './serving.ts'

// A register of many contracts, each like the example's that is in force: `proviso serve` on embedded PostgreSQL and a log
// on the disk, asked over HTTP. `node bench/register.ts EXAMPLE FOLDER CONTRACTS ROUNDS` prints JSON.

const CONTRACT = 'osint-2026'
const CUSTOMER = 'ministry-of-assessment'

/** Contracts that are put in at once. */
const SLICE = 1_000

/** How often it is asked whether a change is in effect, in milliseconds. */
const ASK_MS = 2

/** Longest that an effect is waited for, in milliseconds. */
const WAIT_MS_MAX = 30_000

/** Copies the example's contract: its events, what they come to, and what it is looked up by. */
async function fill(db: Kysely<Schema>, contracts: number): Promise<void> {
  for (let from = 0; from < contracts; from += SLICE) {
    const below = Math.min(contracts, from + SLICE)
    await db.transaction().execute((trx) => copy(trx, from, below))
  }
}

/** What PostgreSQL would do some time after so much has changed, and is not to do while others are timed. */
async function settle(db: Kysely<Schema>): Promise<void> {
  await db.connection().execute(async (connection) => {
    await sql`set statement_timeout = 0`.execute(connection)
    await sql`vacuum analyze`.execute(connection)
    await sql`checkpoint`.execute(connection)
  })
}

async function within(
  directory: string,
  act: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await openDatabase({ directory })
  await act(database).finally(() => database.close())
}

async function copy(trx: Transaction<Schema>, from: number, below: number): Promise<void> {
  const copies = sql`generate_series(${from}::integer, ${below - 1}::integer) as n`
  const isIt = sql`t.stream = 'contract' and t.id = ${CONTRACT}`
  const named = (column: string): RawBuilder<string> =>
    sql`replace(replace(${sql.ref(column)}, ${CUSTOMER}, 'agency-' || n), ${CONTRACT}, 'contract-' || n)`
  await sql`insert into events (seq, stream, id, version, act, event)
    select last_seq + row_number() over (order by n, t.version), t.stream, 'contract-' || n, t.version,
      ${named('t.act')}, ${named('t.event')}
    from events t, event_count, ${copies} where ${isIt}`.execute(trx)
  await sql`update event_count set last_seq = (select max(seq) from events)`.execute(trx)
  await sql`insert into aggregates (stream, id, version, state)
    select t.stream, 'contract-' || n, t.version, ${named('t.state')}
    from aggregates t, ${copies} where ${isIt}`.execute(trx)
  await sql`insert into listings (stream, id, customer, words)
    select t.stream, 'contract-' || n, 'agency-' || n, array_to_tsvector(array['contract', 'agency', n::text])
    from listings t, ${copies} where ${isIt}`.execute(trx)
  await sql`insert into listing_states (stream, id, state, since, until)
    select t.stream, 'contract-' || n, t.state, t.since, t.until
    from listing_states t, ${copies} where ${isIt}`.execute(trx)
}

async function report(
  example: string,
  folder: string,
  contracts: number,
  rounds: number,
): Promise<RegisterReport> {
  const data = join(folder, 'register')
  const served = ['--story', example, '--data', data, ...CLOCK]
  await stop(await start(served))
  const place = join(data, 'database')
  await within(place, ({ db }) => fill(db, contracts))
  const [filled, firstSeconds] = await timedStart(served)
  await stop(filled)
  await within(place, ({ db }) => settle(db))
  const [running, startSeconds] = await timedStart(served)
  try {
    const officers = new Officers(running.address, join(data, 'people'))
    const asked = { address: running.address, officers, contracts, rounds }
    const reading = await timeReading(asked)
    return { contracts, rounds, firstSeconds, startSeconds, ...reading, ...(await timeActs(asked)) }
  } finally {
    await stop(running)
  }
}

async function timedStart(served: readonly string[]): Promise<readonly [Running, number]> {
  const begun = performance.now()
  const running = await start(served)
  return [running, (performance.now() - begun) / 1_000]
}

interface Asking {
  readonly address: string
  readonly officers: Officers
  readonly contracts: number
  readonly rounds: number
}

async function timeReading({
  address,
  contracts,
  rounds,
}: Asking): Promise<Pick<RegisterReport, 'page' | 'ofState' | 'search'>> {
  const random = randomOf(1)
  const any = (): number => Math.floor(random() * contracts)
  const list = async (query: string): Promise<number> => {
    const answer = await fetch(`${address}/api/v1/contracts?${query}`)
    const { items } = (await answer.json()) as { readonly items: readonly unknown[] }
    return items.length
  }
  return {
    page: await timed(rounds, () => list(`limit=50&cursor=contract-${any()}`)),
    ofState: await timed(rounds, () => list(`limit=50&state=in_force&cursor=contract-${any()}`)),
    search: await timed(rounds, () => list(`q=agency-${any()}`)),
  }
}

async function timed(rounds: number, ask: () => Promise<number>): Promise<Asked> {
  const ms: number[] = []
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now()
    if ((await ask()) === 0) throw new Error('nothing is found')
    ms.push(performance.now() - begun)
  }
  return askedOf(ms)
}

async function timeActs({
  address,
  officers,
  contracts,
  rounds,
}: Asking): Promise<Pick<RegisterReport, 'suspended' | 'reinstated'>> {
  const [suspended, reinstated]: [Act[], Act[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    const n = round * Math.floor(contracts / rounds)
    const decides = async (decision: boolean): Promise<boolean> =>
      (await isPermitted(address, `agency-${n}`)) === decision
    suspended.push(
      await timedAct(
        () => officers.suspend(`contract-${n}`),
        () => decides(false),
      ),
    )
    reinstated.push(
      await timedAct(
        () => officers.reinstate(`contract-${n}`),
        () => decides(true),
      ),
    )
  }
  return { suspended: changeOf(suspended), reinstated: changeOf(reinstated) }
}

/** Milliseconds from an act being sent. */
interface Act {
  readonly answered: number
  readonly inEffect: number
}

async function timedAct(
  act: () => Promise<void>,
  isInEffect: () => Promise<boolean>,
): Promise<Act> {
  const begun = performance.now()
  const answered = act().then(() => performance.now() - begun)
  while (!(await isInEffect())) {
    if (performance.now() - begun > WAIT_MS_MAX) throw new Error('a change has no effect')
    await pause(ASK_MS)
  }
  const inEffect = performance.now() - begun
  return { answered: await answered, inEffect }
}

function changeOf(acts: readonly Act[]): Change {
  return {
    answered: askedOf(acts.map(({ answered }) => answered)),
    inEffect: askedOf(acts.map(({ inEffect }) => inEffect)),
  }
}

function askedOf(ms: readonly number[]): Asked {
  const [median = Number.NaN, p95 = Number.NaN] = quantilesOf(ms, [0.5, 0.95])
  return { median, p95 }
}

const [, , example = '', parent = '', contracts = '100000', rounds = '100'] = process.argv
const folder = mkdtempSync(join(parent, 'register-'))
try {
  const read = await report(example, folder, Number(contracts), Number(rounds))
  process.stdout.write(JSON.stringify(read))
} finally {
  rmSync(folder, { recursive: true })
}
