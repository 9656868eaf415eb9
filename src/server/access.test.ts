import type { LightMyRequestResponse } from 'fastify'
import { expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { keepingNothing, servedFrom } from '../../test/served.ts'
import { DAY_MS } from '../time.ts'
import { appOf } from './app.ts'
import { keyringOf, type NewKey, newKey, parseKeyFile, printKeyFile } from './keys.ts'
import { parsePublicUrl } from './metadata.ts'
import { RateLimits } from './rate.ts'

const NOW = Date.UTC(2026, 2, 2, 9)
const CUSTOMER = 'ministry-of-assessment'

let secrets = 0

function keyLike(more: Partial<NewKey>): ReturnType<typeof newKey> {
  const like = { id: 'gateway-1', scope: 'enforcement-point', rate: 10, at: NOW, lifetime: DAY_MS }
  const secret = Buffer.alloc(32, secrets++)
  return newKey({ ...like, customers: [CUSTOMER], ...more } as NewKey, secret)
}

const OWN = keyLike({})
const ALL = keyLike({ id: 'gateway-2', customers: 'all', rate: 1_000_000 })
const WATCHER = keyLike({ id: 'watcher', scope: 'metrics', customers: [] })
const ENDED = keyLike({ id: 'ended', at: NOW - DAY_MS })
const STRANGER = keyLike({ id: 'stranger' })
const FORGED = keyLike({})

const kept = [OWN, ALL, WATCHER, ENDED].map(({ entry }) => entry)
const keyring = keyringOf({ format: 'proviso/keys@1', keys: kept })
const served = servedFrom(bundleOf(EXAMPLE), () => NOW, { keyring: () => keyring })
const app = appOf(served)

function questionOf(customer: string): object {
  return {
    subject: { type: 'deployment', id: `${customer}/desk-1` },
    action: { name: 'surveillance.intelligence-analysis' },
    resource: { type: 'model', id: 'example-sonnet-20250514' },
    context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
  }
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: unknown
}

async function ask(authorization: string | undefined, body: object, path = ''): Promise<Answer> {
  const url = `/access/v1/evaluation${path}`
  const headers = authorization === undefined ? {} : { authorization }
  const answer = await app.inject({ method: 'POST', url, headers, payload: body })
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
}

test('a key lets an enforcement point ask about the customers that it names', async () => {
  const { status, body } = await ask(`Bearer ${OWN.text}`, questionOf(CUSTOMER))
  expect([status, body]).toMatchObject([200, { decision: true }])
  const all = await ask(`Bearer ${ALL.text}`, questionOf('another-ministry'))
  expect([all.status, all.body]).toMatchObject([200, { decision: false }])
})

test.each([
  ['no key', undefined],
  ['an empty one', ''],
  ['no scheme', OWN.text],
  ['another scheme', `Basic ${OWN.text}`],
  ['an unknown id', `Bearer ${STRANGER.text}`],
  ['a known id with another secret', `Bearer ${FORGED.text}`],
  ['a key cut short', `Bearer ${OWN.text.slice(0, -1)}`],
  ['a key and more', `Bearer ${OWN.text}x`],
  ['a key in capitals', `Bearer ${OWN.text.toUpperCase()}`],
  ['its hash', `Bearer ${OWN.entry.hash}`],
  ['a key that has ended', `Bearer ${ENDED.text}`],
  ['a name of every object', 'Bearer proviso_constructor_'.padEnd(70, 'A')],
])('%s is 401, and says which scheme is wanted', async (_name, authorization) => {
  const { status, headers } = await ask(authorization, questionOf(CUSTOMER))
  expect(status).toBe(401)
  expect(headers['www-authenticate']).toMatch(/^Bearer realm="proviso"/)
})

test('a key of another scope is 403', async () => {
  expect((await ask(`Bearer ${WATCHER.text}`, questionOf(CUSTOMER))).status).toBe(403)
  const metrics = (key: string): Promise<LightMyRequestResponse> =>
    app.inject({ url: '/metrics', headers: { authorization: `Bearer ${key}` } })
  expect((await metrics(OWN.text)).statusCode).toBe(403)
  expect((await metrics(WATCHER.text)).statusCode).toBe(200)
  expect((await app.inject({ url: '/metrics' })).statusCode).toBe(401)
})

test('a question about another’s customer is 403, and its answer does not say whether there is one', async () => {
  const [known, unknown] = await Promise.all([
    ask(`Bearer ${OWN.text}`, questionOf('maritime-authority')),
    ask(`Bearer ${OWN.text}`, questionOf('no-such-customer')),
  ])
  expect(known.status).toBe(403)
  expect(known).toMatchObject({ status: unknown.status, body: unknown.body })
})

test('in a batch only the item about another’s customer fails', async () => {
  const evaluations = [questionOf(CUSTOMER), questionOf('maritime-authority')]
  const { status, body } = await ask(`Bearer ${OWN.text}`, { evaluations }, 's')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    evaluations: [
      { decision: true },
      { decision: false, context: { error: { code: 'forbidden-customer' } } },
    ],
  })
})

test('a key that asks for more than its rate is told how long to wait, before anything is decided', async () => {
  const slow = keyLike({ id: 'slow', rate: 1 })
  const ring = keyringOf({ format: 'proviso/keys@1', keys: [slow.entry] })
  const limited = appOf(servedFrom(bundleOf(EXAMPLE), () => NOW, { keyring: () => ring }))
  const batch = (count: number): Promise<LightMyRequestResponse> =>
    limited.inject({
      method: 'POST',
      url: '/access/v1/evaluations',
      headers: { authorization: `Bearer ${slow.text}` },
      payload: { ...questionOf(CUSTOMER), evaluations: Array(count).fill({}) },
    })
  expect((await batch(990)).statusCode).toBe(200)
  const refused = await batch(100)
  expect(refused.statusCode).toBe(429)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(80)
  expect(refused.json()).not.toHaveProperty('evaluations')
  expect((await batch(5)).statusCode).toBe(200)
})

test('tokens come back with time, up to two seconds’ worth, and a thousand at least', () => {
  const limits = new RateLimits()
  const fast = { id: 'fast', rate: 10_000 }
  expect(limits.take(fast, 20_000, 0)).toBe(0)
  expect(limits.take(fast, 1, 0)).toBe(1)
  expect(limits.take(fast, 1_000, 100)).toBe(0)
  expect(limits.take(fast, 20_001, 1_000_000)).toBe(1)
  const slow = { id: 'slow', rate: 1 }
  expect(limits.take(slow, 1_000, 0)).toBe(0)
  expect(limits.take(slow, 500, 0)).toBe(500)
  expect(limits.take(slow, 500, 500_000)).toBe(0)
})

/** How many of so many evaluations of a customer are decided while the disk is nearly full. */
async function decidedWhileLow(count: number, context: object): Promise<number> {
  const recorder = { ...keepingNothing, isLow: true }
  const low = appOf(servedFrom(bundleOf(EXAMPLE), () => NOW, { recorder }))
  const payload = { ...questionOf(CUSTOMER), context, evaluations: Array(count).fill({}) }
  const answer = await low.inject({ method: 'POST', url: '/access/v1/evaluations', payload })
  const { evaluations } = answer.json<{ evaluations: { context: { error?: object } }[] }>()
  return evaluations.filter(({ context: { error } }) => error === undefined).length
}

test('while the disk is nearly full a customer may add few records, and fewer that are long', async () => {
  const signal = { detector: 'lexicon', use: 'general', score: 0 }
  // More come back with the time that this takes.
  const short = await decidedWhileLow(100, {})
  expect(short).toBeGreaterThanOrEqual(20)
  expect(short).toBeLessThan(60)
  const long = await decidedWhileLow(60, { signals: Array(1_024).fill(signal) })
  expect(long).toBeGreaterThanOrEqual(1)
  expect(long).toBeLessThan(15)
})

test('metrics count by outcome, restriction, customer and refusal, and hold nothing that was said', async () => {
  const text = await served.metrics.print()
  expect(text).toMatch(/proviso_decisions_total\{outcome="permit-under-exception"\} [1-9]/)
  expect(text).toContain('proviso_restrictions_triggered_total{restriction="surveillance.persons"}')
  expect(text).toContain(`proviso_customer_exceptions_total{customer="${CUSTOMER}"}`)
  // It has no contract, so its name is only what somebody wrote.
  expect(text).toContain('proviso_customer_decisions_total{customer="other"} 1')
  expect(text).not.toContain('another-ministry')
  expect(text).toMatch(/proviso_requests_refused_total\{reason="unauthorized"\} 1[0-9]/)
  expect(text).toContain(`proviso_bundle_info{digest="${bundleOf(EXAMPLE).digest}"} 1`)
})

test('a key file is printed and read back, and does not hold its keys', () => {
  const text = printKeyFile({ format: 'proviso/keys@1', keys: kept })
  for (const { text: secret } of [OWN, ALL, WATCHER]) expect(text).not.toContain(secret.slice(-43))
  expect(parseKeyFile(text)).toEqual({ ok: true, value: { format: 'proviso/keys@1', keys: kept } })
})

test.each([
  ['', 'not JSON'],
  ['{"format":"proviso/keys@1"}', 'keys'],
  ['{"format":"proviso/keys@2","keys":[]}', 'format'],
  [printKeyFile({ format: 'proviso/keys@1', keys: [...kept, OWN.entry] }), 'two keys gateway-1'],
])('a key file that is wrong says what is (%#)', (text, what) => {
  expect(parseKeyFile(text)).toEqual({ ok: false, error: expect.stringContaining(what) })
})

const SEARCHES = {
  subject: { subject: { type: 'deployment' } },
  resource: { resource: { type: 'model' } },
  action: { action: undefined },
}

test.each(['subject', 'resource', 'action'] as const)(
  'a search for a %s is answered under its route, of the key’s own customers',
  async (sought) => {
    const url = `/access/v1/search/${sought}`
    const payload = { ...questionOf(CUSTOMER), ...SEARCHES[sought] }
    const headers = { authorization: `Bearer ${ALL.text}` }
    const { statusCode, json } = await app.inject({ method: 'POST', url, headers, payload })
    expect(statusCode).toBe(200)
    const { results } = json<{ results: object[] }>()
    const found = questionOf(CUSTOMER) as Record<string, object>
    expect(results).toContainEqual(expect.objectContaining(found[sought] ?? {}))
    expect((await app.inject({ method: 'POST', url, payload })).statusCode).toBe(401)
  },
)

test('the metadata is 200, JSON, without a key, at the place that its identifier says', async () => {
  const path = '/.well-known/authzen-configuration'
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { headers, json } = await app.inject({ url: path })
  await app.close()
  expect(headers['content-type']).toMatch(/^application\/json/)
  const { policy_decision_point: own } = json<Record<string, string>>()
  expect(own).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)

  const url = parsePublicUrl('https://pdp.example.com/tenant1')
  if (!url.ok) throw new Error(url.error.message)
  const more = { keyring: () => keyring, publicUrl: url.value }
  const tenant = appOf(servedFrom(bundleOf(EXAMPLE), () => NOW, more))
  expect((await tenant.inject({ url: path })).statusCode).toBe(404)
  const answer = await tenant.inject({ url: `${path}/tenant1` })
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toMatchObject({
    policy_decision_point: 'https://pdp.example.com/tenant1',
    access_evaluation_endpoint: 'https://pdp.example.com/tenant1/access/v1/evaluation',
  })
})
