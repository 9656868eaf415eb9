import { fail, ok, type Result } from './result.ts'
import { quote } from './suggest.ts'

export interface JsonError {
  readonly code: 'malformed-json' | 'duplicate-key' | 'too-deep'
  /** The name of the member that is there twice; otherwise null. */
  readonly field: string | null
  readonly message: string
}

/** Deepest nesting of arrays and objects that a JSON text from outside may have. */
export const JSON_DEPTH_MAX = 32

/**
 * Parses JSON from outside. Unlike `JSON.parse` it refuses an object with two members of one name
 * (I-JSON, RFC 7493 §2.3), since another parser might read the other one, and bounds the nesting.
 */
export function parseJson(text: string): Result<unknown, JsonError> {
  const scan = scanStructure(text)
  if (scan.depth > JSON_DEPTH_MAX) {
    return failed('too-deep', null, `JSON is nested deeper than ${JSON_DEPTH_MAX} levels`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return failed('malformed-json', null, `not JSON: ${(error as SyntaxError).message}`)
  }
  // Duplicates collapse in the value: as many members as colons means that there were none.
  if (countMembers(value) === scan.colons) return ok(value)
  const name = firstDuplicate(text)
  return failed('duplicate-key', name, `the member ${quote(name)} is there twice in one object`)
}

function failed(
  code: JsonError['code'],
  field: string | null,
  message: string,
): Result<never, JsonError> {
  return fail({ code, field, message })
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

const QUOTE = 0x22
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

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') count += countMembers(element)
    return count
  }
  for (const name of Object.keys(value)) {
    count += 1 + countMembers((value as Record<string, unknown>)[name])
  }
  return count
}

/** The first member name that stands twice in one object of a well-formed text. */
function firstDuplicate(text: string): string {
  const open: Set<string>[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === OPEN_BRACE || code === OPEN_BRACKET) open.push(new Set())
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) open.pop()
    if (code !== QUOTE) continue
    const end = endOfString(text, i)
    const name = memberName(text.slice(i, end + 1), text.slice(end + 1, end + 100))
    i = end
    if (name === undefined) continue
    if (open.at(-1)?.has(name)) return name
    open.at(-1)?.add(name)
  }
  return ''
}

/** What a quoted text names, when it is the name of a member. */
function memberName(quoted: string, after: string): string | undefined {
  return /^\s*:/.test(after) ? (JSON.parse(quoted) as string) : undefined
}
