import fc from 'fast-check'

// Requests as no client should send them: right ones, broken at one or more layers.

const QUESTION = {
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1', properties: {} },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: {
    uses: ['general'],
    facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] },
    signals: [{ detector: 'lexicon', use: 'surveillance.tracking', score: 0.1 }],
    nearest: true,
  },
}

const BATCH = {
  ...QUESTION,
  evaluations: [{}, { resource: QUESTION.resource }, { context: {} }],
  options: { evaluations_semantic: 'deny_on_first_deny' },
}

/** Names that mean something to some reader of JSON or to JavaScript. */
const NAMES = ['__proto__', 'constructor', 'toString', 'length', '', '\u0000', '\ud800', 'subject']

const anyOdd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(...NAMES),
  fc.constantFrom(-0, 1e308, -1, 2 ** 53, 0.1, null, true, [], {}, [[]], [null], { id: [] }),
  fc.nat({ max: 3_000 }).map((length) => 'x'.repeat(length)),
  fc.nat({ max: 1_200 }).map((length) => Array<string>(length).fill('general')),
  fc.nat({ max: 1_200 }).map((length) => Array<object>(length).fill({})),
  fc.nat({ max: 60 }).map((depth) => nested(depth)),
)

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

interface Edit {
  /** Which of the places in the value, counted round. */
  readonly place: number
  readonly kind: 'replace' | 'remove' | 'add' | 'rename'
  readonly odd: unknown
  readonly name: string
}

const anyEdit: fc.Arbitrary<Edit> = fc.record({
  place: fc.nat({ max: 1_000 }),
  kind: fc.constantFrom('replace', 'remove', 'add', 'rename'),
  odd: anyOdd,
  name: fc.constantFrom(...NAMES),
})

/** Every object or list in a value, with each of its keys. */
function placesIn(value: unknown): (readonly [Record<string, unknown>, string])[] {
  if (typeof value !== 'object' || value === null) return []
  const own = value as Record<string, unknown>
  return Object.keys(own).flatMap((key) => [[own, key] as const, ...placesIn(own[key])])
}

function edited(value: unknown, edits: readonly Edit[]): unknown {
  const copy = structuredClone(value)
  for (const { place, kind, odd, name } of edits) {
    const places = placesIn(copy)
    const [parent, key] = places[place % Math.max(1, places.length)] ?? []
    if (!parent || key === undefined) return copy
    const before = parent[key]
    if (kind === 'replace') parent[key] = odd
    else if (kind === 'add') define(parent, name, odd)
    else delete parent[key]
    if (kind === 'rename') define(parent, name, before)
  }
  return copy
}

/** Also `__proto__` becomes a member, as it does in JSON. */
function define(object: object, name: string, value: unknown): void {
  if (Array.isArray(object)) return
  Object.defineProperty(object, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

const TEXT_EDITS = 50

/** A text with one of the ways in which JSON may be broken; most often none. */
function broken(text: string, edit: number, at: number): string {
  const [before, after] = [text.slice(0, at), text.slice(at)]
  switch (edit) {
    case 0:
      return before
    case 1:
      return after
    case 2:
      return `${before}\u0000${after}`
    case 3:
      return before + after.slice(1)
    case 4:
      return `${before}{${after}`
    case 5:
      return before + '['.repeat(at) + after
    case 6:
      return text + text
    case 7:
      return `${text.slice(0, -1)},${text.slice(1)}`
    case 8:
      return text.replace('"', '"\\u0000')
    case 9:
      return text.replace(':', ':1e999,"x":')
    default:
      return text
  }
}

const anyByte = fc.oneof(
  { weight: 7, arbitrary: fc.constant(null) },
  fc.record({ at: fc.nat({ max: 400 }), value: fc.nat({ max: 255 }) }),
)

const anyBody = fc
  .record({
    from: fc.constantFrom<unknown>(QUESTION, BATCH),
    edits: fc.oneof(fc.constant([]), fc.array(anyEdit, { maxLength: 2 })),
    edit: fc.nat({ max: TEXT_EDITS - 1 }),
    at: fc.nat({ max: 1_000 }),
    byte: anyByte,
  })
  .map(({ from, edits, edit, at, byte }) => {
    const text = JSON.stringify(edited(from, edits))
    const bytes = Buffer.from(broken(text, edit, at % (text.length + 1)))
    if (byte && byte.at < bytes.length) bytes[byte.at] = byte.value
    return bytes
  })

const METHODS = [...Array<string>(20).fill('POST'), 'GET', 'PUT', 'HEAD', 'OPTIONS', 'BREW', 'post']
const PATHS = [
  '/access/v1/evaluation',
  '/access/v1/evaluations',
  '/access/v1/search/subject',
  '/access/v1/search/resource',
  '/access/v1/search/action',
]
const ODD_PATHS = [
  '/',
  '/metrics',
  '/readyz',
  '/%zz',
  '/access/v1/evaluation/../../healthz',
  '*',
  'x',
]

const HEADERS = [
  'Content-Type: application/json',
  'Content-Type: application/json',
  'Content-Type: application/json; charset=utf-16',
  'Content-Type: text/plain',
  'Content-Type: application/json\r\nContent-Type: text/plain',
  'X-Request-ID: r-1',
  'X-Request-ID: \u00e9\u00ff',
  `X-Request-ID: ${'x'.repeat(9_000)}`,
  'Content-Encoding: gzip',
  'Transfer-Encoding: chunked',
  'Content-Length: 1',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Connection: upgrade\r\nUpgrade: h2c',
  'Authorization: Bearer proviso_x_y',
  'Bad Header: x',
  ' folded: x',
  'X: \u0001',
]

/** The bytes of one connection, which asks to be closed. */
export const anyHostile: fc.Arbitrary<Buffer> = fc
  .record({
    method: fc.constantFrom(...METHODS),
    path: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...PATHS) },
      fc.constantFrom(...ODD_PATHS),
    ),
    version: fc.oneof(
      { weight: 19, arbitrary: fc.constant('HTTP/1.1') },
      fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2', ''),
    ),
    headers: fc.oneof(
      { weight: 7, arbitrary: fc.constant([HEADERS[0] ?? '']) },
      fc.array(fc.constantFrom(...HEADERS), { maxLength: 4 }),
    ),
    hasLength: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
    body: anyBody,
  })
  .map(({ method, path, version, headers, hasLength, body }) => {
    const length = hasLength ? [`Content-Length: ${body.length}`] : []
    const head = [
      `${method} ${path} ${version}`,
      'Host: x',
      'Connection: close',
      ...headers,
      ...length,
    ]
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body])
  })
