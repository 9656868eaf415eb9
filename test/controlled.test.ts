import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { Controlled } from '../src/cli/controlled.ts'
import type { OfferClient } from '../src/cli/offer-client.ts'
import { printBundle } from '../src/decision/bundle-file.ts'
import { publicKeysOf } from '../src/log/log-directory.ts'
import type { Offered } from '../src/server/register-bundle.ts'
import type { Log } from '../src/server/served.ts'
import { DAY_MS } from '../src/time.ts'
import { sha256 } from './bundle-of.ts'
import { OPENED } from './case-world.ts'
import { testServer } from './postgres.ts'
import { founded } from './register-story.ts'
import { PUBLISHER, RunningRegister } from './running-register.ts'
import { NO_LOG } from './served.ts'

// A decision point that is told what a register offered, whenever it asks.

const postgres = testServer()
let register: RunningRegister
let offered: Offered
const points: Controlled[] = []
const nothing = (): Promise<void> => Promise.resolve()
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
  await founded(register)
  await register.bundle.settled()
  if (!register.bundle.offered) return expect.fail('nothing is offered')
  offered = register.bundle.offered
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(points.splice(0).map((point) => point.close()))
})
afterAll(() => register.close())

/** A decision point that is answered so when it asks what is offered. */
function pointThat(ask: () => Promise<Offered['offer']>, log: Log = NO_LOG): Controlled {
  const client: Pick<OfferClient, 'hear' | 'offer' | 'bundle'> = {
    hear: nothing,
    offer: ask,
    bundle: () => Promise.resolve([...printBundle(offered.bundle, sha256)].join('')),
  }
  const logs = publicKeysOf(register.logs).logs.map((key) => ({ key, url: null }))
  const point = new Controlled({
    client: client as OfferClient,
    publisher: PUBLISHER.verifier,
    trust: { logs, witnesses: [], quorum: null },
    evidence: { publish: nothing, keepSerial: nothing },
    last: undefined,
    // It stands still, as one that is set back again and again.
    clock: (): number => register.at,
    log,
  })
  points.push(point)
  return point
}

test('a lease that is said again does not begin again', async () => {
  let asked = 0
  const point = pointThat(() => {
    asked++
    return Promise.resolve(offered.offer)
  })
  await expect.poll(() => point.lacks).toBe(null)
  const isStale = (): boolean => point.now() >= (point.status.bundle.validUntil ?? Infinity)
  expect(isStale()).toBe(false)
  const began = performance.now()
  vi.spyOn(performance, 'now').mockImplementation(() => began + 50_000)
  const before = asked
  await expect.poll(() => asked, { timeout: 5_000 }).toBeGreaterThan(before + 1)
  expect(isStale()).toBe(false)
  vi.spyOn(performance, 'now').mockImplementation(() => began + 61_000)
  expect(isStale()).toBe(true)
})

test('a register that was never heard is told of, once', async () => {
  const warned: unknown[] = []
  let asked = 0
  const ask = (): Promise<never> => {
    asked++
    return Promise.reject(new Error('it answers 401'))
  }
  const point = pointThat(ask, { ...NO_LOG, warn: (fields) => warned.push(fields) })
  await expect.poll(() => asked, { timeout: 5_000 }).toBeGreaterThan(1)
  expect(warned).toEqual([{ event: 'control-lost', error: 'it answers 401' }])
  expect(point.status.control).toBe('lost')
})
