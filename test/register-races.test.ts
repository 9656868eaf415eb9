import type { KyselyPlugin } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contract } from '../src/contract/contract.ts'
import type { ContractCommand } from '../src/contract/contract-commands.ts'
import { diskFiles } from '../src/log/disk-files.ts'
import { sidecarsFrom } from '../src/log/journal.ts'
import { contractsKnown } from '../src/server/register-known.ts'
import { indexBelow } from '../src/store/events.ts'
import { DAY_MS } from '../src/time.ts'
import { EVIDENCE, OPENED } from './case-world.ts'
import { OSINT } from './contract-story.ts'
import { testServer } from './postgres.ts'
import { ANALYSIS, contracted, who } from './register-story.ts'
import { type Answered, RunningRegister } from './running-register.ts'

// Two people who act at once on one thing.

const ROUNDS = process.env['PROVISO_SOAK'] === undefined ? 8 : 200

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
  await contracted(register)
})
afterAll(() => register.close())

const PATH = `contracts/${OSINT.id}`

async function versionOf(): Promise<number> {
  return (await register.get(`/api/v1/${PATH}`)).body.version
}

function askFor(name: string, command: object, round: number): Promise<Answered> {
  return register.ask(who(name), PATH, command as { readonly act: string }, { round })
}

test('of two who act at once one is carried out, and the other is told what has changed', async () => {
  for (let i = 0; i < ROUNDS; i++) {
    const seen = await versionOf()
    const report = {
      act: 'contract.report-incident',
      happened: new Date(register.at).toISOString(),
      kind: 'wrong-name',
      summary: EVIDENCE[0]?.digest,
    }
    const asked = ['rep', 'officer', 'watch'].map((name) => askFor(name, report, seen))
    const answers = (await Promise.all(asked)).sort((a, b) => a.status - b.status)
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 409])
    for (const { body } of answers.slice(1)) {
      expect(body).toMatchObject({
        code: 'version-conflict',
        version: seen + 1,
        changed: ['incident-reported'],
      })
    }
    expect(await versionOf()).toBe(seen + 1)
  }
})

test('suspensions and stops at once are all carried out, whatever version they saw', async () => {
  for (let i = 0; i < ROUNDS; i++) {
    const seen = await versionOf()
    const reasons = 'A report of a wrong name'
    const answers = await Promise.all([
      askFor('officer', { act: 'contract.suspend', reasons }, seen),
      askFor('signer', { act: 'contract.suspend', reasons }, seen),
      askFor('rep', { act: 'contract.stop', scope: 'contract', reasons }, seen),
      askFor('watch', { act: 'contract.stop', scope: 'contract', reasons }, 0),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(await versionOf()).toBe(seen + 4)
    expect((await register.decide(ANALYSIS)).body.context.outcome).toBe('deny')
    const { stops } = (await register.get(`/api/v1/${PATH}`)).body.state
    const lift = (name: string, stop: number): Promise<Answered> =>
      register.onContract(who(name), OSINT.id, {
        act: 'contract.lift-stop',
        stop,
      } as ContractCommand)
    for (const [stop, { by, until }] of stops.entries()) {
      if (until === null) await lift(by === 'watch' ? 'officer' : 'watch', stop)
    }
    await register.onContract(who('watch'), OSINT.id, { act: 'contract.reinstate', reasons })
    expect((await register.decide(ANALYSIS)).body.context.outcome).toBe('permit-under-exception')
  }
})

/** Does something once, when so many queries have been answered and the next one has not been asked. */
function afterQueries(count: number, act: () => Promise<unknown>): KyselyPlugin {
  let answered = 0
  return {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }): Promise<typeof result> => {
      if (++answered === count) await act()
      return result
    },
  }
}

test('what happens while contracts are read is not known yet', async () => {
  const { db } = register.database
  const on = (name: string, act: 'contract.suspend' | 'contract.reinstate'): Promise<Answered> =>
    register.onContract(who(name), OSINT.id, { act, reasons: 'A report of a wrong name' })
  for (const queries of [1, 2, 3]) {
    await on('officer', 'contract.suspend')
    await register.bundle.settled()
    const size = (await indexBelow(db, Number.MAX_SAFE_INTEGER)) + 1
    const act = (): Promise<Answered> => on('watch', 'contract.reinstate')
    const known: Contract[] = []
    const racing = db.withPlugin(afterQueries(queries, act))
    for await (const some of contractsKnown(racing, size)) known.push(...some)
    const states = known.flatMap(({ register }) => register.states.map(({ state }) => state))
    expect(states.slice(-2), `after ${queries} queries`).toEqual(['suspended', 'expired'])
  }
})

test('the bundle that a suspension makes at once is published too', async () => {
  register.at += DAY_MS
  await register.onContract(who('officer'), OSINT.id, { act: 'contract.suspend', reasons: 'Look' })
  await register.bundle.settled()
  const { digest } = register.bundle.status.bundle
  const entries: string[] = []
  for await (const { frame } of sidecarsFrom(diskFiles(`${register.logs}/governance`), 0)) {
    entries.push(Buffer.from(frame.entry).toString())
  }
  const payloads = entries.map((entry) => {
    const { payload } = JSON.parse(entry) as { payload: string }
    return Buffer.from(payload, 'base64').toString()
  })
  const published = payloads.filter((payload) => payload.includes('bundle-publication'))
  expect(
    published.filter((payload) => payload.includes(digest.slice('sha256:'.length))),
  ).not.toEqual([])
})
