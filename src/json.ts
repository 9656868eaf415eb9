import { fail, ok, type Result } from './result.ts'
import { quote } from './suggest.ts'

export interface JsonError {
  readonly code: 'malformed-json' | 'duplicate-key' | 'too-deep'
  /** The member that is there twice, such as `facts.subjects`; otherwise null. */
  readonly field: string | null
  readonly message: string
}

/** Deepest nesting of arrays and objects that a JSON text from outside may have. */
export const JSON_DEPTH_MAX = 32

/**
 * Longest text, in characters, that is parsed before its nesting is known. The platform takes a hundred times
 * longer for a bracket that nests than for any other character.
 */
const UNSCANNED_CHARS_MAX = 65_536

/** Longest explanation of what is not JSON, in characters: it quotes the text. */
const MESSAGE_CHARS_MAX = 200

/**
 * Parses JSON from outside. Unlike `JSON.parse` it refuses an object with two members of one name
 * (I-JSON, RFC 7493 §2.3), since another parser might read the other one, and bounds the nesting.
 * The work is linear in the length of the text.
 */
export function parseJson(text: string): Result<unknown, JsonError> {
  if (text.length > UNSCANNED_CHARS_MAX && isTooDeep(text)) return tooDeep()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (isTooDeep(text)) return tooDeep()
    return failed('malformed-json', null, `not JSON: ${printable((error as SyntaxError).message)}`)
  }
  // Duplicates collapse in the value: as many members as colons means that there were none. Colons within
  // strings only make the number of colons greater, so a text that has none of them is not walked.
  const members = countMembers(value, JSON_DEPTH_MAX)
  if (members === countColons(text)) return ok(value)
  if (isTooDeep(text)) return tooDeep()
  if (members === scanStructure(text).colons) return ok(value)
  const { name, path } = firstDuplicate(text)
  return failed('duplicate-key', path, `the member ${quote(name)} is there twice in one object`)
}

/** The members of an object that has these and no other; undefined for any other value. */
export function exactMembers<Name extends string>(
  value: unknown,
  names: readonly Name[],
): Readonly<Record<Name, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const isExact =
    Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name))
  return isExact ? (value as Record<Name, unknown>) : undefined
}

function isTooDeep(text: string): boolean {
  return scanStructure(text).depth > JSON_DEPTH_MAX
}

function tooDeep(): Result<never, JsonError> {
  return failed('too-deep', null, `JSON is nested deeper than ${JSON_DEPTH_MAX} levels`)
}

function failed(
  code: JsonError['code'],
  field: string | null,
  message: string,
): Result<never, JsonError> {
  return fail({ code, field, message })
}

/** The engine's message quotes the text as it stands, which may hold a terminal's control sequences. */
function printable(message: string): string {
  return message
    .slice(0, MESSAGE_CHARS_MAX)
    .replace(/\p{C}/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
}

/** Colons and greatest nesting outside strings. Says nothing of well-formedness. */
function scanStructure(text: string): { readonly colons: number; readonly depth: number } {
  let colons = 0
  let depth = 0
  let deepest = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i)
    else if (code === COLON) colons++
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) deepest = Math.max(deepest, ++depth)
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--
  }
  return { colons, depth: deepest }
}

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** The index of the quote that ends the string begun at `start`; the text's end when none does. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === QUOTE) return i
  }
  return text.length
}

/** Members of all objects within a value; NaN when it is nested deeper than so many levels. */
function countMembers(value: unknown, levels: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (levels === 0) return Number.NaN
  let count = 0
  if (Array.isArray(value)) {
    for (const element of value) {
      if (typeof element === 'object') count += countMembers(element, levels - 1)
    }
    return count
  }
  for (const name in value) {
    count += 1 + countMembers((value as Record<string, unknown>)[name], levels - 1)
  }
  return count
}

/** Colons in a text, also within strings. The platform finds one after another faster than a loop here would. */
function countColons(text: string): number {
  let count = 0
  for (let i = text.indexOf(':'); i >= 0; i = text.indexOf(':', i + 1)) count++
  return count
}

/** An object or array that has been opened and not closed, and where in it the text has come. */
interface Open {
  /** Names seen so far; null in an array. */
  readonly names: Set<string> | null
  at: string | number
}

/** The first member name that stands twice in one object of a well-formed text. */
function firstDuplicate(text: string): { readonly name: string; readonly path: string } {
  const open: Open[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code !== QUOTE) {
      follow(open, code)
      continue
    }
    const end = endOfString(text, i)
    const inner = open.at(-1)
    if (inner?.names && isBeforeColon(text, end)) {
      const name = JSON.parse(text.slice(i, end + 1)) as string
      inner.at = name
      if (inner.names.has(name)) return { name, path: printPath(open) }
      inner.names.add(name)
    }
    i = end
  }
  return { name: '', path: '' }
}

/** Takes one character outside strings into account. */
function follow(open: Open[], code: number): void {
  const inner = open.at(-1)
  if (code === OPEN_BRACE) open.push({ names: new Set(), at: '' })
  else if (code === OPEN_BRACKET) open.push({ names: null, at: 0 })
  else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) open.pop()
  else if (code === COMMA && typeof inner?.at === 'number') inner.at++
}

/** Whether a string that ends at `end` names a member. */
function isBeforeColon(text: string, end: number): boolean {
  let i = end + 1
  while (text.charCodeAt(i) <= SPACE) i++
  return text.charCodeAt(i) === COLON
}

/** `signals[3].use`, each name short enough to print. */
function printPath(open: readonly Open[]): string {
  return open
    .map(({ at }) => (typeof at === 'number' ? `[${at}]` : `.${quote(at).slice(1, -1)}`))
    .join('')
    .replace(/^\./, '')
}
