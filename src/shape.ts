import * as z from 'zod'
import { DIGEST } from './digest.ts'
import { ID, ID_CHARS_MAX, SNAPSHOT, SNAPSHOT_CHARS_MAX } from './ids.ts'
import { ALL_ROLES } from './people.ts'
import type { Path, Report } from './problem.ts'
import { didYouMean, quote } from './suggest.ts'
import { parseDuration, parseInstant, printDuration, printInstantShort } from './time.ts'

/** Longest title, clause or other prose in a document, in characters. */
const PROSE_CHARS_MAX = 20_000

/** Longest list in a document. */
const LIST_MAX = 1_024

export const id = z.string().max(ID_CHARS_MAX).regex(ID)
export const snapshotId = z.string().max(SNAPSHOT_CHARS_MAX).regex(SNAPSHOT)

/** Text with half a surrogate pair has no UTF-8, so no digest. */
export const prose = z
  .string()
  .max(PROSE_CHARS_MAX)
  .refine((text) => text.isWellFormed(), { params: { code: 'malformed-text' } })

export const ids = z.array(id).max(LIST_MAX)

/** `2025-09-15` or `1.2.0`: what a policy's author calls a version. */
export const VERSION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
export const version = z.string().regex(VERSION, 'malformed-version')

/** Whether a text has the shape of a version. */
export function isVersion(text: string): boolean {
  return VERSION.test(text)
}

export const instant = textual('malformed-instant', parseInstant, printInstantShort).meta({
  format: 'date-time',
  description: 'RFC 3339, UTC, at most milliseconds: 2026-01-31T00:00:00Z',
})

export const duration = textual('malformed-duration', parseDuration, printDuration).meta({
  pattern: '^P(0|[1-9][0-9]{0,4})D$',
  description: 'Whole days of 24 hours: P30D',
})

export const digest = z.string().regex(DIGEST, 'malformed-digest')

export const interval = z.strictObject({ from: instant, until: instant.optional() })

export const score = z.number().min(0).max(1)

/** Fact ids to the values allowed of each (semantics §4). */
export const scope = z.record(id, z.array(id).max(32))
export type Scope = z.infer<typeof scope>

/** The values that a scope allows of a fact, also of one named as something that every object has. */
export function valuesIn(scope: Scope, fact: string): readonly string[] | undefined {
  return Object.hasOwn(scope, fact) ? scope[fact] : undefined
}

export function list<T extends z.ZodType>(element: T): z.ZodArray<T> {
  return z.array(element).max(LIST_MAX)
}

/** What to do about a text that breaks its pattern, by the code that the pattern's shape names. */
const ADVICE: Readonly<Record<string, string>> = {
  'malformed-version':
    'is no version; begin with a letter or digit, then also dots, hyphens and underscores',
  'malformed-policy': 'names no policy; write id and version, as my-policy@2026-01-31',
  'malformed-lineage':
    'names nothing of an older version; write version and id, as 2025-09-15/weapons',
  'malformed-text': 'has half a surrogate pair; write the whole character',
  'malformed-instant': 'is no instant; write it in UTC, as 2026-01-31T00:00:00Z',
  'malformed-digest': 'is no digest; write `sha256:` and 64 lower-case hexadecimal digits',
  'malformed-duration': 'is no duration; write whole days, as P30D',
  'malformed-limit': 'is no number of things on a page; write one from 1 to 200',
  'malformed-cursor': 'is no cursor; use what `next` of the page before says',
  'unknown-role': `is no role; it is ${ALL_ROLES}`,
}

function textual(
  code: string,
  parse: (text: string) => number | undefined,
  print: (value: number) => string,
): z.ZodCodec<z.ZodString, z.ZodNumber> {
  return z.codec(z.string(), z.number(), {
    decode(text, { issues }) {
      const value = parse(text)
      if (value === undefined) {
        issues.push({ code: 'custom', input: text, params: { code } })
        return z.NEVER
      }
      return value
    },
    encode: print,
  })
}

/**
 * Reads plain data as a shape, reporting everything that does not fit. What comes back has the shape
 * even then, so that later checks go on and find the rest: a text that breaks its pattern stays as it
 * is, a broken instant or number is NaN (which no comparison holds for), an unfit list or map is empty.
 */
export function readShape<T extends z.ZodType>(
  shape: T,
  raw: unknown,
  report: Report,
): z.output<T> {
  const parsed = shape.safeParse(raw)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) reportIssue(report, { shape, raw, issue, base: [] })
  return salvage(shape, raw) as z.output<T>
}

interface Found {
  readonly shape: z.ZodType
  readonly raw: unknown
  readonly issue: z.core.$ZodIssue
  /** Where the issue's own path begins. */
  readonly base: Path
}

function reportIssue(report: Report, found: Found): void {
  const { issue, raw } = found
  const path = [...found.base, ...(issue.path as (string | number)[])]
  const value = valueAt(raw, path)
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) {
        const known = keysOf(shapeAt(found.shape, path, raw))
        report.errorAtKey(
          'unknown-key',
          [...path, key],
          `no key ${quote(key)} here${orRemove(key, known)}`,
        )
      }
      return
    case 'invalid_type':
    case 'invalid_value':
      if (value === undefined) return reportMissing(report, path)
      if (issue.code === 'invalid_value') return reportOption(report, path, issue.values, value)
      return report.error('wrong-type', path, mismatch([issue], value))
    case 'invalid_key':
      return report.errorAtKey('malformed-id', path, idAdvice(String(path.at(-1))))
    case 'invalid_format':
      // Only an id's pattern names no code of its own.
      if (!Object.hasOwn(ADVICE, issue.message)) {
        return report.error('malformed-id', path, idAdvice(String(value)))
      }
      return reportMalformed(report, path, issue.message, value)
    case 'too_small':
      return report.error(
        'too-small',
        path,
        `expected at least ${issue.minimum}, found ${sizeOf(value)}`,
      )
    case 'too_big':
      return report.error(
        'too-large',
        path,
        `expected at most ${issue.maximum}, found ${sizeOf(value)}`,
      )
    case 'invalid_union':
      return reportUnion(report, found, path)
    case 'custom':
      if (value === undefined) return reportMissing(report, path)
      return reportMalformed(report, path, String(issue.params?.['code']), value)
    default:
      return report.error('malformed', path, issue.message)
  }
}

function reportMissing(report: Report, path: Path): void {
  report.error('missing-field', path, `${quote(String(path.at(-1)))} is missing; add it`)
}

function reportMalformed(report: Report, path: Path, code: string, value: unknown): void {
  report.error(code, path, `${quote(String(value))} ${ADVICE[code] ?? 'is malformed'}`)
}

function reportOption(
  report: Report,
  path: Path,
  values: readonly unknown[],
  value: unknown,
): void {
  const name = String(path.findLast((step) => typeof step === 'string') ?? 'value')
  const options = values.map((option) => `\`${String(option)}\``).join(', ')
  const meant = typeof value === 'string' ? didYouMean(value, values.map(String)) : ''
  const found = typeof value === 'object' ? kindOf(value) : quote(String(value))
  report.error(`unknown-${name}`, path, `${name} is one of ${options}; found ${found}${meant}`)
}

/** The problems of the alternative whose kind of value this is; none of them: what it may be. */
function reportUnion(report: Report, found: Found, path: Path): void {
  const { issue } = found
  if (issue.code !== 'invalid_union') return
  const told = discriminatorOf(shapeAt(found.shape, path.slice(0, -1), found.raw))
  if (told && issue.errors.length === 0) return reportKind(report, path, told, found.raw)
  const meant = issue.errors.find(
    (errors) => !errors.some(({ code, path: at }) => at.length === 0 && isMismatch(code)),
  )
  if (!meant) {
    return report.error('wrong-type', path, mismatch(issue.errors.flat(), valueAt(found.raw, path)))
  }
  for (const inner of meant) reportIssue(report, { ...found, issue: inner, base: path })
}

function reportKind(report: Report, path: Path, told: Discriminator, raw: unknown): void {
  const value = valueAt(raw, path)
  if (value !== undefined) return reportOption(report, path, [...told.options.keys()], value)
  report.error('missing-field', path, `${quote(told.name)} is missing; add it`)
}

interface Discriminator {
  readonly name: string
  /** By the text that each alternative has there. */
  readonly options: ReadonlyMap<unknown, z.ZodType>
}

/** What tells the alternatives of a union apart, when one member does. */
function discriminatorOf(shape: z.ZodType): Discriminator | undefined {
  if (!(shape instanceof z.ZodDiscriminatedUnion)) return undefined
  const name = shape.def.discriminator
  const options = (shape.options as z.ZodObject[]).map((option) => {
    return [(option.shape[name] as z.ZodLiteral).value, option] as const
  })
  return { name, options: new Map<unknown, z.ZodType>(options) }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}

/** What was expected at a place, by any of its alternatives, and what is there. */
function mismatch(issues: readonly z.core.$ZodIssue[], value: unknown): string {
  const expected = issues.flatMap((issue) => {
    if (issue.code === 'invalid_value') return issue.values.map((option) => quote(String(option)))
    return issue.code === 'invalid_type' ? (KINDS[issue.expected] ?? issue.expected) : []
  })
  const wantsText = expected.includes('text') && typeof value !== 'object'
  const found = typeof value === 'string' ? quote(value) : kindOf(value)
  return `expected ${[...new Set(expected)].join(' or ')}, found ${found}${wantsText ? '; put it in quotes' : ''}`
}

function isMismatch(code: string): boolean {
  return code === 'invalid_type' || code === 'invalid_value'
}

function orRemove(key: string, known: readonly string[]): string {
  return didYouMean(key, known) || `; remove it, or use one of ${known.join(', ')}`
}

/** What is wrong with a text that is no id. */
export function idAdvice(text: string): string {
  return `${quote(text)} is no well-formed id; use at most ${ID_CHARS_MAX} lower-case letters, digits and hyphens, in parts separated by dots`
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return 'text'
  return `the ${typeof value} ${String(value)}`
}

function sizeOf(value: unknown): string {
  if (typeof value === 'string' || Array.isArray(value)) return String(value.length)
  return String(value)
}

function valueAt(raw: unknown, path: Path): unknown {
  let value = raw
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

/** The shape that governs a place in the data. */
function shapeAt(shape: z.ZodType, path: Path, raw: unknown): z.ZodType {
  const inner = resolved(shape, raw)
  const [step, ...rest] = path
  if (step === undefined) return inner
  const below = valueAt(raw, [step])
  if (inner instanceof z.ZodObject) return shapeAt(inner.shape[step] as z.ZodType, rest, below)
  if (inner instanceof z.ZodArray) return shapeAt(inner.element as z.ZodType, rest, below)
  if (inner instanceof z.ZodRecord) return shapeAt(inner.valueType as z.ZodType, rest, below)
  return inner
}

/** A shape without its optionality, and of a union the alternative meant by this kind of value. */
function resolved(shape: z.ZodType, raw: unknown): z.ZodType {
  if (shape instanceof z.ZodOptional || shape instanceof z.ZodDefault) {
    return resolved(shape.unwrap() as z.ZodType, raw)
  }
  if (!(shape instanceof z.ZodUnion)) return shape
  const options = shape.options as z.ZodType[]
  const told = discriminatorOf(shape)
  if (told) return told.options.get(valueAt(raw, [told.name])) ?? shape
  const isMap = typeof raw === 'object'
  return options.find((option) => option instanceof z.ZodObject === isMap) ?? shape
}

function keysOf(shape: z.ZodType): readonly string[] {
  return shape instanceof z.ZodObject ? Object.keys(shape.shape) : []
}

/** As much of the data as fits a shape, in that shape (see `readShape`). */
function salvage(shape: z.ZodType, raw: unknown): unknown {
  if (raw === undefined && shape instanceof z.ZodOptional) return undefined
  if (raw === undefined && shape instanceof z.ZodDefault) return shape.parse(undefined)
  const inner = resolved(shape, raw)
  const parsed = inner.safeParse(raw)
  if (parsed.success) return parsed.data
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return salvageMap(inner, raw)
  if (inner instanceof z.ZodArray) {
    const element = inner.element as z.ZodType
    return Array.isArray(raw) ? raw.map((item) => salvage(element, item)) : []
  }
  if (inner instanceof z.ZodPipe || inner instanceof z.ZodNumber) return Number.NaN
  return typeof raw === 'string' ? raw : ''
}

function salvageMap(shape: z.ZodObject | z.ZodRecord, raw: unknown): unknown {
  const isMap = typeof raw === 'object' && raw !== null && !Array.isArray(raw)
  const found = isMap ? (raw as Record<string, unknown>) : {}
  const members: [string, z.ZodType][] =
    shape instanceof z.ZodObject
      ? (Object.entries(shape.shape) as [string, z.ZodType][])
      : Object.keys(found).map((key) => [key, shape.valueType as z.ZodType])
  return Object.fromEntries(
    members
      .map(([key, member]) => [key, salvage(member, found[key])] as const)
      .filter(([, value]) => value !== undefined),
  )
}
