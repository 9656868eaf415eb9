import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { ContractCommand } from '../src/contract/contract-commands.ts'
import { DAY_MS } from '../src/time.ts'
import { OPENED } from './case-world.ts'
import { OSINT } from './contract-story.ts'
import { loggedEvents } from './logged-events.ts'
import { testServer } from './postgres.ts'
import { ANALYSIS, contracted, who } from './register-story.ts'
import { type Answered, RunningRegister } from './running-register.ts'
import { limitFiles } from './running-server.ts'

// A register whose governance log cannot be written: stops and suspensions apply at once, nothing else does, and what is
// in force ends with the lease (docs/semantics.md §13.1).

/** What is left of the journal when nothing goes into it any more, in bytes: less than any entry. */
const TOO_LITTLE = 200

/** Longer than a lease, in milliseconds. */
const BEYOND_LEASE_MS = 61_000

const postgres = testServer()
const troubles: string[] = []
let register: RunningRegister

beforeAll(async () => {
  const url = await postgres.emptyDatabase()
  register = await RunningRegister.start({ url }, OPENED - DAY_MS, ({ message }) => {
    troubles.push(message)
  })
  await contracted(register)
})
afterEach(() => allowLog())
afterAll(async () => {
  await register.close()
})

/** The journal of decisions is shorter, so it goes on to be written. */
function fillLog(): void {
  const segment = join(register.logs, 'governance/journal/0000000000000000.segment')
  const end = readFileSync(segment).findLastIndex((byte) => byte !== 0) + 1
  limitFiles(process, end + TOO_LITTLE)
}

function allowLog(): void {
  limitFiles(process, 'unlimited')
}

async function on(name: string, command: ContractCommand): Promise<Answered> {
  return await register.onContract(who(name), OSINT.id, command)
}

async function decided(): Promise<{ outcome: string; reasons: readonly { code: string }[] }> {
  return (await register.decide(ANALYSIS)).body.context
}

interface ShownAct {
  readonly entry: number | null
  readonly event: { readonly type: string }
}

async function acts(): Promise<readonly ShownAct[]> {
  return (await register.get(`/api/v1/contracts/${OSINT.id}/acts`)).body.items
}

/** Every event is in the log, once, in their order, and where the register says. */
async function expectLogged(): Promise<void> {
  await register.bundle.settled()
  const logged = await loggedEvents(register.logs)
  const seqs = [...logged.values()].map(({ seq }) => seq)
  const { last_seq: last } = await register.database.db
    .selectFrom('event_count')
    .select('last_seq')
    .executeTakeFirstOrThrow()
  expect(seqs).toEqual(Array.from({ length: last }, (_, i) => i + 1))
  for (const { entry, event } of await acts()) {
    expect(logged.get(entry ?? -1)?.type).toBe(event.type)
  }
}

test('what cannot be logged takes no effect, and exceptions end with the lease', async () => {
  expect((await decided()).outcome).toBe('permit-under-exception')
  fillLog()
  await on('rep', { act: 'contract.unenrol', deployment: 'desk-1' })
  expect((await acts()).at(-1)).toMatchObject({
    entry: null,
    event: { type: 'deployment-unenrolled' },
  })
  expect((await decided()).outcome).toBe('permit-under-exception')
  expect((await register.get('/readyz')).body).toMatchObject({ stale: false })
  expect(troubles.join()).not.toContain('sync')

  register.at += BEYOND_LEASE_MS
  expect(await decided()).toMatchObject({ outcome: 'deny', reasons: [{ code: 'bundle-stale' }] })
  expect((await register.get('/readyz')).body).toMatchObject({ status: 'ready', stale: true })

  allowLog()
  // Now it is logged, and so the deployment is enrolled no more.
  expect(await decided()).toMatchObject({ outcome: 'deny', reasons: [{ code: 'no-tailoring' }] })
  expect((await register.get('/readyz')).body).toMatchObject({ stale: false })
  await expectLogged()
  const { digest: acknowledges } = (await register.get(`/api/v1/contracts/${OSINT.id}`)).body.state
  await on('rep', { act: 'contract.enrol', deployment: 'desk-1', from: register.at, acknowledges })
  expect((await decided()).outcome).toBe('permit-under-exception')
})

test('a suspension that cannot be logged applies at once, and its end waits for the log', async () => {
  expect((await decided()).outcome).toBe('permit-under-exception')
  fillLog()
  await on('officer', { act: 'contract.suspend', reasons: 'A report of a wrong name' })
  expect(await decided()).toMatchObject({ outcome: 'deny', reasons: [{ code: 'no-tailoring' }] })
  await on('watch', { act: 'contract.reinstate', reasons: 'The name was right' })
  expect((await acts()).slice(-2)).toMatchObject([
    { entry: null, event: { type: 'contract-suspended' } },
    { entry: null, event: { type: 'contract-reinstated' } },
  ])
  expect(await decided()).toMatchObject({ outcome: 'deny', reasons: [{ code: 'no-tailoring' }] })

  allowLog()
  expect((await decided()).outcome).toBe('permit-under-exception')
  await expectLogged()
})
