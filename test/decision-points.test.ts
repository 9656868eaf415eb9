import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventsIn } from '../src/cli/event-stream.ts'
import { printBundle } from '../src/decision/bundle-file.ts'
import { printVerifier } from '../src/log/key.ts'
import { openLease, signLease } from '../src/log/lease.ts'
import { parseSigner, printSigner, type Signer, signerOf } from '../src/log/signer.ts'
import { DAY_MS, printInstantShort } from '../src/time.ts'
import { bundleOf, sha256 } from './bundle-of.ts'
import { EXAMPLE, EXAMPLE_DIR } from './example-world.ts'
import { publishedIn } from './logged-events.ts'
import { cutOff, handOn, type OfferingProxy, offering, startProxy } from './offering-proxy.ts'
import { proviso } from './proviso.ts'
import { type RunningServer, ready, startServer, TEMP, until } from './running-server.ts'
import { startWitness, witnessFiles } from './running-witness.ts'

// Decision points elsewhere than the register: what they take of it, what they refuse, and what becomes of one that is cut
// off. Between each and the register stands somebody who may answer what he likes.

const DATA = join(TEMP, 'register')
const LOG = join(DATA, 'log')
const NOW = Date.parse('2026-03-02T09:00:00Z')
const CLOCK = ['--clock', printInstantShort(NOW)]
const SET_BACK = ['--clock', printInstantShort(NOW - DAY_MS)]
/** For one that is started again: no log is written by a clock that went back. */
const LATER = ['--clock', printInstantShort(NOW + 3_600_000)]

const QUESTION = {
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}

let register: RunningServer
const proxies: OfferingProxy[] = []
let points = 0

/** Cut off from the first, since a lease lasts for a minute: it runs out while all else is tested. */
let cut: RunningServer
let cutting: OfferingProxy

beforeAll(async () => {
  const served = ['--data', DATA, '--story', EXAMPLE_DIR, ...CLOCK]
  register = await startServer(LOG, { served, isKept: true })
  await until(async () => (await offered(register)) !== undefined)
  cutting = await proxied()
  cut = await startPoint(cutting, { clock: SET_BACK, isKept: true })
  await untilOutcome(cut, 'permit-under-exception')
  cutting.answer(cutOff)
  await until(async () => (await ready(cut)).control === 'lost')
  expect(await ready(cut)).toMatchObject({ status: 'ready', stale: false })
})

afterAll(async () => {
  for (const proxy of proxies) proxy.close()
  await register.end()
})

interface Offer {
  readonly lease: string
  readonly entry: string
  readonly proof: string
}

async function offered({ address }: RunningServer): Promise<Offer | undefined> {
  const answer = await fetch(`${address}/api/v1/bundle/offer`)
  return answer.ok ? ((await answer.json()) as Offer) : undefined
}

async function proxied(way = handOn(register.address)): Promise<OfferingProxy> {
  const proxy = await startProxy(way)
  proxies.push(proxy)
  return proxy
}

interface Point {
  readonly publisher?: string
  readonly trust?: string
  readonly clock?: readonly string[]
  readonly log?: string
  readonly isKept?: boolean
}

function startPoint({ url }: { readonly url: string }, more: Point = {}): Promise<RunningServer> {
  const { publisher = join(DATA, 'publisher.key.pub'), trust = join(LOG, 'trust') } = more
  const { clock = CLOCK, log = join(TEMP, `point-${points++}`), isKept = false } = more
  const believed = ['--publisher', publisher, '--trust', trust]
  return startServer(log, { served: ['--control', url, ...believed, ...clock], isKept })
}

/** The outcome that a decision point answers, or the status when that is no decision. */
async function outcomeAt({ address }: RunningServer, question: object = QUESTION): Promise<string> {
  const answer = await fetch(`${address}/access/v1/evaluation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  })
  if (answer.status !== 200) return String(answer.status)
  const { context } = (await answer.json()) as { readonly context: { readonly outcome: string } }
  return context.outcome
}

async function untilOutcome(point: RunningServer, outcome: string): Promise<void> {
  await until(async () => (await outcomeAt(point)) === outcome)
}

async function act(name: string, by: string, role: string, ...fields: string[]): Promise<void> {
  const who = ['--by', by, '--role', role, '--key', join(DATA, 'people', `${by}.key`)]
  const to = ['--server', register.address]
  const set = fields.flatMap((field) => ['--set', field])
  const ran = await proviso(['contract', name, 'osint-2026', ...set, ...who, ...to])
  expect(ran.stderr).toBe('')
}

const suspend = (): Promise<void> =>
  act('suspend', 'officer', 'safeguards-officer', 'reasons=Misuse')

/** The first offer of another bundle than one that is held. */
async function offerOfOther(held: string): Promise<string> {
  const stopping = new AbortController()
  const ask = (signal: AbortSignal): Promise<Response> =>
    fetch(`${register.address}/api/v1/bundle/offers?from=${held}`, { signal })
  for await (const event of eventsIn(ask, stopping.signal)) {
    const { delta } = JSON.parse(event) as { readonly delta?: string }
    if (delta !== undefined) return event
  }
  throw new Error('no other bundle is offered')
}

function refusals(point: RunningServer): readonly string[] {
  return point
    .log()
    .filter(({ event }) => event === 'offer-refused')
    .map(({ error }) => String(error))
}

async function untilRefused(point: RunningServer, why: RegExp): Promise<void> {
  await until(() => refusals(point).some((error) => why.test(error)))
}

test('what no trusted key has signed, or no trusted log shows, is refused', async () => {
  const other = join(TEMP, 'other')
  const keys = [`${other}.key.pub`, `${other}.trust`] as const
  const ownKey = signerOf('register.example/bundles', Buffer.alloc(32, 7))
  writeFileSync(keys[0], `${printVerifier(ownKey.verifier)}\n`)
  const governance = signerOf('localhost/governance', Buffer.alloc(32, 8))
  writeFileSync(keys[1], `log ${printVerifier(governance.verifier)}\nquorum none\n`)
  const proxy = await proxied()
  const unsigned = await startPoint(proxy, { publisher: keys[0] })
  const unlogged = await startPoint(proxy, { trust: keys[1] })
  await untilRefused(unsigned, /no key|signed/)
  await untilRefused(unlogged, /the governance log does not show that the bundle is published/)
  for (const point of [unsigned, unlogged]) {
    expect(await outcomeAt(point)).toBe('503')
    const status = await fetch(`${point.address}/readyz`)
    expect([status.status, await status.json()]).toMatchObject([503, { status: 'no-bundle' }])
  }
})

/** A lease of another bundle, by the register's own key, with the publication that there is. */
async function misleading(bundle: string, signer: Signer): Promise<string> {
  const offer = (await offered(register)) as Offer
  const lease = await openLease(offer.lease, signer.verifier)
  if (!lease.ok) throw new Error(lease.error.message)
  const issuedAt = lease.value.issuedAt + 1
  const other = { ...lease.value, issuedAt, bundle: bundle as typeof lease.value.bundle }
  return JSON.stringify({ ...offer, lease: signLease(other, signer) })
}

test('one whose clock is ahead of the register’s has no exceptions, and says why', async () => {
  const point = await startPoint({ url: register.address }, { clock: LATER })
  await untilOutcome(point, 'deny')
  await until(() => point.log().some(({ event }) => event === 'lease-over'))
  expect(await ready(point)).toMatchObject({ stale: true, control: 'connected' })
})

test('the register’s own key makes nothing wider than what its log says', async () => {
  const signer = parseSigner(readFileSync(join(DATA, 'publisher.key'), 'utf8').trim())
  if (!signer.ok) throw new Error('no key')
  expect(printSigner(signer.value)).toContain('/bundles')
  const proxy = await proxied()
  const point = await startPoint(proxy)
  await untilOutcome(point, 'permit-under-exception')
  const { bundle } = await ready(point)
  const wider = bundleOf(EXAMPLE)
  const text = [...printBundle(wider, sha256)].join('')
  const offer = await misleading(wider.digest, signer.value)
  proxy.answer(offering(offer, (_, answer) => void answer.end(text)))
  await untilRefused(point, /allows more than the bundle that is published/)
  expect(await ready(point)).toMatchObject({ bundle, current: false })
  // A bundle whose text was altered on the way is none that anybody has signed.
  proxy.answer(
    offering(offer, (_, answer) => void answer.end(text.replace('"reaches"', '"Reaches"'))),
  )
  await untilRefused(point, /does not hold together|what the digest says/)
  proxy.answer(handOn(register.address))
  await until(async () => (await ready(point)).current === true)
  expect(await outcomeAt(point)).toBe('permit-under-exception')
})

test('a suspension reaches every decision point, and no older bundle or lease comes back', async () => {
  const proxy = await proxied()
  const log = join(TEMP, 'remembering')
  const point = await startPoint(proxy, { log })
  const direct = await startPoint({ url: register.address })
  for (const one of [point, direct]) await untilOutcome(one, 'permit-under-exception')
  const before = JSON.stringify(await offered(register))
  const { serial: earlier, bundle: allowing } = await ready(direct)
  const slow = await proxied(offering(before, handOn(register.address)))
  const kept = join(TEMP, 'kept')
  const behind = await startPoint(slow, { log: kept })
  await untilOutcome(behind, 'permit-under-exception')
  const [atOnce] = await Promise.all([offerOfOther(allowing), suspend()])
  slow.answer(offering(atOnce, cutOff))
  await untilOutcome(behind, 'deny')
  expect((await ready(behind)).serial).toBe(earlier)
  for (const one of [point, direct]) await untilOutcome(one, 'deny')
  // Once the log says so the bundle has another serial.
  for (const one of [point, direct]) await until(async () => (await ready(one)).serial > earlier)
  const { serial, bundle } = await ready(direct)
  proxy.answer(offering(before, handOn(register.address)))
  await untilRefused(point, /was in use before|older than one that was in use/)
  expect(await outcomeAt(point)).toBe('deny')
  expect(await ready(point)).toMatchObject({ serial, bundle, current: false })

  expect((await point.end()).code).toBe(0)
  const again = await startPoint(proxy, { log, clock: LATER })
  await untilRefused(again, /one of \d+ was in use before/)
  expect(await outcomeAt(again)).toBe('503')
  proxy.answer(handOn(register.address))
  await until(async () => (await ready(again)).bundle === bundle)

  // Neither does one that has the same serial, when it is older than what had been taken.
  expect((await behind.end()).code).toBe(0)
  slow.answer(offering(before, handOn(register.address)))
  const later = await startPoint(slow, { log: kept, clock: LATER })
  await untilRefused(later, /the lease is older than one that was in use before/)
  expect(await outcomeAt(later)).toBe('503')

  // What a decision point has taken is in its own log, on the word of the register's key.
  const exported = await proviso(['log', 'fsck', log])
  expect(exported.code).toBe(0)
})

test('a suspension waits for no witness', async () => {
  const data = join(TEMP, 'witnessed')
  const log = join(data, 'log')
  // The keys of the log have to be there before a witness can know them.
  const first = await startServer(log, {
    served: ['--data', data, '--story', EXAMPLE_DIR, ...CLOCK],
  })
  expect((await first.end()).code).toBe(0)
  const trust = readFileSync(join(log, 'trust'), 'utf8')
  const files = witnessFiles(join(data, 'witness'), 'w.example', trust)
  const witness = await startWitness(files)
  const witnesses = join(data, 'witnesses')
  const key = printVerifier(files.signer.verifier)
  writeFileSync(witnesses, `witness w ${key} ${witness.address}\nquorum w\n`)
  const asked = ['--witnesses', witnesses, '--require-witness']
  const served = ['--data', data, ...asked, '--clock', printInstantShort(NOW + 3_600_000)]
  const own = await startServer(log, { served })
  const point = await startServer(join(TEMP, 'point-witnessed'), {
    served: [
      '--control',
      own.address,
      '--publisher',
      join(data, 'publisher.key.pub'),
      '--trust',
      join(log, 'trust'),
      '--clock',
      printInstantShort(NOW + 3_600_000),
    ],
  })
  await untilOutcome(point, 'permit-under-exception')
  const { serial } = await ready(point)
  witness.kill('SIGKILL')
  const who = [
    '--by',
    'officer',
    '--role',
    'safeguards-officer',
    '--key',
    join(data, 'people/officer.key'),
  ]
  const ran = await proviso([
    'contract',
    'suspend',
    'osint-2026',
    '--set',
    'reasons=Misuse',
    ...who,
    '--server',
    own.address,
  ])
  expect(ran.stderr).toBe('')
  await untilOutcome(point, 'deny')
  // It is in the log which bundle denies, though not everybody may see that yet.
  const { bundle } = await ready(own)
  await until(async () => (await publishedIn(log)).has(bundle))
  expect(await ready(point)).toMatchObject({ serial, stale: false, current: true })
  expect(await outcomeAt(own)).toBe('deny')
})

test('one whose clock was set back loses exceptions all the same when its lease ends', async () => {
  await until(async () => (await ready(cut)).stale === true)
  expect(await outcomeAt(cut)).toBe('deny')
  expect(await ready(cut)).toMatchObject({ status: 'ready', stale: true, control: 'lost' })
  expect(await outcomeAt(cut, { ...QUESTION, action: { name: 'general' } })).toBe('permit')
  cutting.answer(handOn(register.address))
  await until(async () => (await ready(cut)).stale === false)
  expect(await ready(cut)).toMatchObject({ control: 'connected', current: true })
})
