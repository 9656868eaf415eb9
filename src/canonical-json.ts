/**
 * Canonical JSON (RFC 8785): members sorted by UTF-16 code units, no white space, numbers and strings
 * as ECMAScript prints them. The value holds only JSON: null, booleans, finite numbers, well-formed
 * strings, arrays and plain objects.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return canonicalText(value)
  if (typeof value === 'number') return canonicalNumber(value)
  if (typeof value === 'boolean' || value === null) return String(value)
  if (Array.isArray(value)) return canonicalList(value)
  if (typeof value === 'object') return canonicalMembers(value as Readonly<Record<string, unknown>>)
  throw new TypeError(`not a JSON value: ${typeof value}`)
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('not a JSON number')
  return String(value)
}

/** Text that JSON prints as it stands, between quotes. */
const PLAIN = /^[ !#-[\]-~]*$/

function canonicalText(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new TypeError('lone surrogate')
  return JSON.stringify(text)
}

// A bundle of many contracts prints millions of members: these build one string, and no lists.

function canonicalList(list: readonly unknown[]): string {
  let text = '['
  for (let i = 0; i < list.length; i++) text += `${i === 0 ? '' : ','}${canonicalJson(list[i])}`
  return `${text}]`
}

function canonicalMembers(members: Readonly<Record<string, unknown>>): string {
  let text = '{'
  // The default order of sort is that of UTF-16 code units.
  for (const name of Object.keys(members).sort()) {
    const member = members[name]
    if (member === undefined) continue
    text += `${text === '{' ? '' : ','}${canonicalText(name)}:${canonicalJson(member)}`
  }
  return `${text}}`
}
