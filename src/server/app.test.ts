import type { FastifyInstance } from 'fastify'
import { expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { NO_LOG, servedFrom } from '../../test/served.ts'
import { appOf } from './app.ts'

// The numbers are those of the rules in docs/authzen.md.

const bundle = bundleOf(EXAMPLE)
const app = appOf(servedFrom(bundle, () => Date.UTC(2026, 2, 2, 9)))

const PERMITTED = {
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}
const DENIED = { ...PERMITTED, context: {} }

interface Asking {
  readonly method?: 'POST' | 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'OPTIONS'
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly payload?: string | Buffer
}

async function ask({
  method = 'POST',
  path = '/access/v1/evaluation',
  headers = { 'content-type': 'application/json' },
  payload,
}: Asking): Promise<Awaited<ReturnType<FastifyInstance['inject']>>> {
  const all = { ...headers, 'x-request-id': 'r-1' }
  return await app.inject({ method, url: path, headers: all, ...(payload ? { payload } : {}) })
}

test('a permit and a denial are both 200 and JSON (2)', async () => {
  const [permit, denial] = await Promise.all([
    ask({ payload: JSON.stringify(PERMITTED) }),
    ask({ payload: JSON.stringify(DENIED) }),
  ])
  expect(permit.statusCode).toBe(200)
  expect(permit.json()).toMatchObject({ decision: true })
  expect(denial.statusCode).toBe(200)
  expect(denial.json()).toMatchObject({ decision: false })
  expect(denial.headers['content-type']).toBe('application/json; charset=utf-8')
})

test('a batch is answered under its own route', async () => {
  const payload = JSON.stringify({ evaluations: [PERMITTED, DENIED] })
  const { body, statusCode } = await ask({ path: '/access/v1/evaluations', payload })
  expect(statusCode).toBe(200)
  const alone = await Promise.all(
    [PERMITTED, DENIED].map((one) => ask({ payload: JSON.stringify(one) })),
  )
  expect(body).toBe(`{"evaluations":[${alone.map((answer) => answer.body).join(',')}]}`)
})

const TYPES = { 'content-type': 'text/plain' }
const GOOD = JSON.stringify(PERMITTED)

/** Everything that is not answered, with the status that it gets. */
const UNANSWERED: readonly (readonly [string, number, Asking])[] = [
  ['nothing', 400, {}],
  ['nothing, of no type', 400, { headers: {} }],
  ['white space', 400, { payload: ' \n ' }],
  ['another content type', 400, { payload: GOOD, headers: TYPES }],
  ['no content type', 400, { payload: Buffer.from(GOOD), headers: {} }],
  ['a patch', 400, { payload: GOOD, headers: { 'content-type': 'application/json-patch+json' } }],
  [
    'a type that begins alike',
    400,
    { payload: GOOD, headers: { 'content-type': 'application/jsonx' } },
  ],
  [
    'another charset',
    400,
    { payload: GOOD, headers: { 'content-type': 'application/json; charset=latin1' } },
  ],
  ['bytes that are no UTF-8', 400, { payload: Buffer.from([0x22, 0xff, 0x22]) }],
  ['half a body', 400, { payload: GOOD.slice(0, 99) }],
  ['two bodies', 400, { payload: GOOD + GOOD }],
  ['a list', 400, { payload: `[${GOOD}]` }],
  ['null', 400, { payload: 'null' }],
  ['a byte order mark', 400, { payload: `\ufeff${GOOD}` }],
  ['a key twice', 400, { payload: `{"subject":1,${GOOD.slice(1)}` }],
  ['a key twice, once escaped', 400, { payload: `{"\\u0073ubject":1,${GOOD.slice(1)}` }],
  [
    'a key twice, deep in what is ignored',
    400,
    { payload: `{"x":[{"y":{"z":1,"z":1}}],${GOOD.slice(1)}` },
  ],
  ['nesting without end', 400, { payload: '['.repeat(1_000_000) }],
  [
    'nesting in what is ignored',
    400,
    { payload: `{"x":${'['.repeat(40)}${']'.repeat(40)},${GOOD.slice(1)}` },
  ],
  ['NaN', 400, { payload: '{"subject":NaN}' }],
  ['a question without a subject', 400, { payload: '{}' }],
  ['a body that is too long', 413, { payload: `${GOOD}${' '.repeat(1_048_576)}` }],
  ['GET', 405, { method: 'GET' }],
  ['HEAD', 405, { method: 'HEAD' }],
  ['PUT', 405, { method: 'PUT', payload: GOOD }],
  ['DELETE', 405, { method: 'DELETE' }],
  ['OPTIONS', 405, { method: 'OPTIONS' }],
  ['another route', 404, { path: '/access/v1/evaluation/', payload: GOOD }],
  ['a route of another version', 404, { path: '/access/v2/evaluation', payload: GOOD }],
  ['a route that is no text', 400, { path: '/%zz', payload: GOOD }],
]

test.each(UNANSWERED)(
  '%s is answered with %i and a message as JSON (4)',
  async (name, status, asking) => {
    const answer = await ask(asking)
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    // Errors are echoed their id like answers (6).
    expect(answer.headers['x-request-id']).toBe('r-1')
    if (name === 'HEAD') expect(answer.body).toBe('')
    else expect(answer.json()).toMatch(/\w/)
    expect(answer.body).not.toMatch(/\bat \w+ \(|\.ts|node_modules/)
  },
)

test.each(['GET', 'HEAD', 'PUT'] as const)(
  '%s of a POST route says what is allowed',
  async (method) => {
    const { headers } = await ask({ method, path: '/access/v1/evaluations?x=1' })
    expect(headers['allow']).toBe('POST')
  },
)

test.each([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'application/json; charset="utf-8"',
  'Application/JSON',
  'application/json; charset=utf-8; profile=x',
])('%s is JSON', async (type) => {
  const { statusCode } = await ask({ payload: GOOD, headers: { 'content-type': type } })
  expect(statusCode).toBe(200)
})

test('an answer carries the id of its request, and none when there was none (6)', async () => {
  const headers = { 'content-type': 'application/json' }
  const without = await app.inject({
    method: 'POST',
    url: '/access/v1/evaluation',
    headers,
    payload: GOOD,
  })
  expect(without.statusCode).toBe(200)
  expect(without.headers).not.toHaveProperty('x-request-id')
  expect((await ask({ payload: GOOD })).headers['x-request-id']).toBe('r-1')
})

test('what goes wrong in here is 500, and tells nothing of itself', async () => {
  const logged: unknown[] = []
  const log = { ...NO_LOG, error: (fields: object) => logged.push(fields) }
  const status = (): never => {
    throw new Error('a secret')
  }
  const broken = appOf(servedFrom(bundle, () => 0, { status, log }))
  const headers = { 'content-type': 'application/json', 'x-request-id': 'r-1' }
  const answer = await broken.inject({
    method: 'POST',
    url: '/access/v1/evaluation',
    headers,
    payload: GOOD,
  })
  expect(answer.statusCode).toBe(500)
  expect(answer.json()).toBe('internal error')
  expect(JSON.stringify(logged)).toContain('a secret')
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  expect(answer.headers['x-request-id']).toBe('r-1')
})

test('the instant is the server’s, and one for a whole batch', async () => {
  const instants = [Date.UTC(2026, 0, 15), Date.UTC(2026, 2, 2)]
  const moving = appOf(servedFrom(bundle, () => instants.shift() ?? 0))
  const headers = { 'content-type': 'application/json' }
  const payload = JSON.stringify({
    ...PERMITTED,
    at: '2026-03-02T00:00:00Z',
    evaluations: [{}, {}],
  })
  const url = '/access/v1/evaluations'
  const answers = [
    await moving.inject({ method: 'POST', url, headers, payload }),
    await moving.inject({ method: 'POST', url, headers, payload }),
  ]
  const decisions = answers.map((answer) =>
    answer.json<{ evaluations: { decision: boolean }[] }>().evaluations.map((one) => one.decision),
  )
  expect(decisions).toEqual([
    [false, false],
    [true, true],
  ])
})

test('the liveness probe answers GET and HEAD', async () => {
  expect((await ask({ method: 'GET', path: '/healthz' })).json()).toEqual({ status: 'ok' })
  expect((await ask({ method: 'HEAD', path: '/healthz' })).statusCode).toBe(200)
})
