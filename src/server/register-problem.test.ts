import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { testServer } from '../../test/postgres.ts'
import { RunningRegister } from '../../test/running-register.ts'
import { servedFrom } from '../../test/served.ts'
import { DAY_MS } from '../time.ts'
import { appOf } from './app.ts'
import { keyringOf, type NewKey, newKey } from './keys.ts'
import type { RegisterServed } from './register-routes.ts'

// What the register's API answers to what it cannot take.

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, 0)
})
afterAll(async () => {
  await register.close()
})

function keyOf(id: string, scope: NewKey['scope']): ReturnType<typeof newKey> {
  const of = { id, scope, customers: 'all', rate: 1, at: 0, lifetime: DAY_MS } as const
  return newKey(of, Buffer.alloc(32, id))
}

const ACTING = keyOf('acting', 'register')
const WATCHING = keyOf('watching', 'metrics')

const JSON_TYPE = { 'content-type': 'application/json' }

describe('every error below /api/v1 is a problem', () => {
  test.each([
    ['an unknown address', 404, 'no-route', 'nothing', {}],
    ['an address that is no text', 400, 'malformed-request', 'cases/%ff', {}],
    ['an id that is too long', 400, 'malformed-request', `cases/${'a'.repeat(129)}`, {}],
    ['another method', 405, 'wrong-method', 'cases/a/acts', { method: 'DELETE' }],
    [
      'a body that is too long',
      413,
      'body-too-large',
      'cases/a/acts',
      { method: 'POST', body: ' '.repeat(1_048_577), headers: JSON_TYPE },
    ],
    [
      'another content type',
      415,
      'wrong-content-type',
      'cases/a/acts',
      { method: 'POST', body: 'a=b', headers: { 'content-type': 'text/plain' } },
    ],
    [
      'what is not JSON',
      400,
      'malformed-json',
      'cases/a/acts',
      { method: 'POST', body: '{', headers: JSON_TYPE },
    ],
    [
      'what is not UTF-8',
      400,
      'malformed-request',
      'cases/a/acts',
      { method: 'POST', body: Buffer.of(0xff), headers: JSON_TYPE },
    ],
    ['a query that is none', 400, 'malformed-query', 'cases?colour=red', {}],
    ['a cursor that is none', 400, 'malformed-query', 'people/acts?cursor=x', {}],
    ['a thing that is not there', 404, 'not-found', 'cases/a', {}],
  ] as const)('%s', async (...[, status, code, path, asked]) => {
    const answer = await fetch(`${register.url}/api/v1/${path}`, asked)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(await answer.json()).toMatchObject({
      type: `urn:proviso:refusal:${code}`,
      status,
      code,
      detail: expect.any(String),
    })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('allow')).toBe(status === 405 ? 'GET, HEAD, POST' : null)
  })

  test('what has no key, or one of another scope', async () => {
    register.keys = keyringOf({ format: 'proviso/keys@1', keys: [ACTING.entry, WATCHING.entry] })
    const ask = (key?: string): Promise<Response> =>
      fetch(`${register.url}/api/v1/people`, {
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      })
    const missing = await ask()
    expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="proviso"')
    expect(await missing.json()).toMatchObject({ status: 401, code: 'api-key-refused' })
    expect(await (await ask(WATCHING.text)).json()).toMatchObject({
      status: 403,
      code: 'wrong-scope',
    })
    expect((await ask(ACTING.text)).status).toBe(404)
    const open = await fetch(`${register.url}/api/v1/openapi.json`)
    expect(await open.json()).toMatchObject({ openapi: '3.1.0' })
    register.keys = null
  })

  test('what went wrong in here, of which it says nothing', async () => {
    const broken = {
      register: {},
      database: {},
      live: register.bundle,
    } as unknown as RegisterServed
    const app = appOf(servedFrom(bundleOf(EXAMPLE), () => 0, { register: broken }))
    const answer = await app.inject('/api/v1/people')
    expect(answer.statusCode).toBe(500)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(answer.json()).toMatchObject({ code: 'internal', detail: 'internal error' })
    await app.close()
  })
})

test.for([
  ['cases/a', 'nothing here is called `a`; list what there is'],
  ['cases/A%20b', /^`A b` is no well-formed id; use at most/],
  ['cases/a/determination', 'nothing here is called `a`; list what there is'],
  ['contracts/a/acts', 'nothing here is called `a`; list what there is'],
] as const)('what is not there is called by its name: %s', async ([path, why]) => {
  const answer = await fetch(`${register.url}/api/v1/${path}`)
  expect(await answer.json()).toMatchObject({ detail: expect.stringMatching(why) })
})
