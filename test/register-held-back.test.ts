import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openOffer } from '../src/log/bundle-offer.ts'
import type { Evidence } from '../src/log/evidence.ts'
import { openLease } from '../src/log/lease.ts'
import { publicKeysOf } from '../src/log/log-directory.ts'
import type { Offered } from '../src/server/register-bundle.ts'
import { DAY_MS } from '../src/time.ts'
import { OPENED } from './case-world.ts'
import { OSINT } from './contract-story.ts'
import { publishedIn } from './logged-events.ts'
import { testServer } from './postgres.ts'
import { contracted, who } from './register-story.ts'
import { PUBLISHER, RunningRegister } from './running-register.ts'

// A register whose witnesses have cosigned no more than a test lets them.

const postgres = testServer()
let register: RunningRegister
/** How many entries of the governance log are known, as if witnesses had cosigned no more. */
let known = Infinity

function holdBack(evidence: Evidence): void {
  const own = evidence.makeKnown.bind(evidence)
  evidence.makeKnown = async (): Promise<number> => Math.min(known, await own())
}

beforeAll(async () => {
  const url = await postgres.emptyDatabase()
  register = await RunningRegister.start({ url }, OPENED - DAY_MS, undefined, holdBack)
  await contracted(register)
})
afterAll(() => register.close())

async function attest(): Promise<number> {
  register.at += DAY_MS
  const from = register.at
  const until = from + 30 * DAY_MS
  await register.onContract(who('rep'), OSINT.id, {
    act: 'contract.attest',
    safeguard: 'analyst-review',
    from,
    until,
  })
  await register.bundle.settled()
  const { body } = await register.get(`/api/v1/contracts/${OSINT.id}/acts?limit=200`)
  return body.items.at(-1).entry
}

/** What is offered meanwhile, once all has become known. */
async function offeredWhile(act: () => Promise<unknown>): Promise<readonly Offered[]> {
  const offers: Offered[] = []
  const stop = register.bundle.onOffered(() => {
    if (register.bundle.offered) offers.push(register.bundle.offered)
  })
  await act()
  await register.bundle.settled()
  await register.bundle.settled()
  stop()
  return offers
}

test('every offer is one that a decision point believes', async () => {
  const logs = publicKeysOf(register.logs).logs.map((key) => ({ key, url: null }))
  const trust = { publisher: PUBLISHER.verifier, trust: { logs, witnesses: [], quorum: null } }
  const offers = await offeredWhile(attest)
  for (const { offer } of offers) expect(await openOffer(offer, trust)).toMatchObject({ ok: true })
  expect(offers.map(({ bundle }) => bundle.digest)).toContain(register.bundle.status.bundle.digest)
})

test('what is made of a stop and of what was waited for is in the log, too', async () => {
  await register.bundle.settled()
  const used = new Set<string>()
  register.bundle.onOffered(() => used.add(register.bundle.status.bundle.digest))
  known = 0
  const entry = await attest()
  known = entry + 1
  await register.bundle.settled()
  await register.onContract(who('officer'), OSINT.id, { act: 'contract.suspend', reasons: 'Look' })
  await register.bundle.settled()
  await attest()
  known = Infinity
  await register.bundle.settled()
  await register.bundle.settled()
  const published = await publishedIn(register.logs)
  for (const digest of used) expect(published).toContain(digest)
})

test('a stop offered under the lease that there is does not lengthen it when the clock was set back', async () => {
  const began = performance.now()
  const [first] = await offeredWhile(attest)
  register.at -= 3_600_000
  const passed = vi.spyOn(performance, 'now').mockReturnValue(began + 50_000)
  const stop = { act: 'contract.stop', scope: 'contract', reasons: 'Look' } as const
  const offers = await offeredWhile(() => register.onContract(who('officer'), OSINT.id, stop))
  passed.mockRestore()
  const opened = await openLease(offers[0]?.offer.lease ?? '', PUBLISHER.verifier)
  if (!opened.ok) return expect.fail(opened.error.message)
  expect(opened.value.bundle).not.toBe(first?.bundle.digest)
  expect(opened.value.validUntil - opened.value.issuedAt).toBeLessThan(15_000)
})
