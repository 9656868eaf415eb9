import { expect, test } from 'vitest'
import { ENDPOINTS, metadataOf, metadataPath, type PublicUrl, parsePublicUrl } from './metadata.ts'

function parsed(text: string): PublicUrl {
  const url = parsePublicUrl(text)
  if (!url.ok) throw new Error(url.error.message)
  return url.value
}

test('the document names the decision point and each of its endpoints', () => {
  expect(metadataOf(parsed('https://pdp.example.com'))).toEqual({
    policy_decision_point: 'https://pdp.example.com',
    access_evaluation_endpoint: 'https://pdp.example.com/access/v1/evaluation',
    access_evaluations_endpoint: 'https://pdp.example.com/access/v1/evaluations',
    search_subject_endpoint: 'https://pdp.example.com/access/v1/search/subject',
    search_resource_endpoint: 'https://pdp.example.com/access/v1/search/resource',
    search_action_endpoint: 'https://pdp.example.com/access/v1/search/action',
    supported_obligations: ['custom'],
  })
})

test.each([
  ['https://pdp.example.com', '/.well-known/authzen-configuration'],
  ['https://pdp.example.com:8443', '/.well-known/authzen-configuration'],
  ['https://pdp.example.com/tenant1', '/.well-known/authzen-configuration/tenant1'],
  ['https://pdp.example.com/a/b-c.d_e~2', '/.well-known/authzen-configuration/a/b-c.d_e~2'],
  ['https://[2001:db8::1]/a', '/.well-known/authzen-configuration/a'],
])('the document of %s is at %s', (url, path) => {
  expect(metadataPath(parsed(url))).toBe(path)
})

test('a path of the public URL stands before each endpoint, and the identifier is as configured', () => {
  const document = metadataOf(parsed('https://pdp.example.com/tenant1'))
  expect(document.policy_decision_point).toBe('https://pdp.example.com/tenant1')
  expect(document.search_action_endpoint).toBe(
    'https://pdp.example.com/tenant1/access/v1/search/action',
  )
})

test('every endpoint of the document has its version in the path', () => {
  expect(Object.values(ENDPOINTS).every((path) => path.startsWith('/access/v1/'))).toBe(true)
})

test.each([
  ['', 'is no URL'],
  ['pdp.example.com', 'is no URL'],
  ['https://', 'is no URL'],
  ['http://pdp.example.com', 'does not begin with https://'],
  ['ftp://pdp.example.com', 'does not begin with https://'],
  ['https://pdp.example.com?a=1', 'has a query or a fragment'],
  ['https://pdp.example.com/?', 'has a query or a fragment'],
  ['https://pdp.example.com#a', 'has a query or a fragment'],
  ['https://pdp.example.com/a#', 'has a query or a fragment'],
  ['https://user@pdp.example.com', 'names no user'],
  ['http://user:secret@pdp.example.com', 'names no user'],
  ['https://user:secret@pdp.example.com', 'names no user'],
  ['https://pdp.example.com/', 'write `https://pdp.example.com`'],
  ['https://pdp.example.com/a/', 'write `https://pdp.example.com/a`'],
  ['https://PDP.example.com', 'write `https://pdp.example.com`'],
  ['HTTPS://pdp.example.com', 'write `https://pdp.example.com`'],
  ['https://pdp.example.com:443', 'write `https://pdp.example.com`'],
  ['https://pdp.example.com/a/../b', 'write `https://pdp.example.com/b`'],
  [' https://pdp.example.com', 'write `https://pdp.example.com`'],
  ['https://pdp.example.com/a%20b', 'between its slashes'],
  ['https://pdp.example.com/:a', 'between its slashes'],
  ['https://pdp.example.com/*', 'between its slashes'],
  ['https://pdp.example.com//a', 'between its slashes'],
  ['https://pdp.example.com/\n', 'write `https://pdp.example.com`'],
  [`https://pdp.example.com/${'x'.repeat(512)}`, 'at most 512 characters'],
])('%j is no public URL, and the message says what to do', (text, message) => {
  const url = parsePublicUrl(text)
  expect(url).toMatchObject({ ok: false, error: { code: 'malformed-public-url' } })
  expect(!url.ok && url.error.message).toContain(message)
  expect(!url.ok && url.error.message).not.toMatch(/\p{C}|secret/u)
})
