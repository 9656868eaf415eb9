import type { Decision } from '../decision/decision.ts'
import {
  isSameDecision,
  parseRecordedDecision,
  type RecordedDecision,
} from '../decision/replayed.ts'
import { parseRequest, type Request } from '../decision/request.ts'
import { isDigest } from '../digest.ts'
import { exactMembers, parseJson } from '../json.ts'
import { InstantTexts } from './instant-texts.ts'

// The line of a record as `proviso log export` prints it, read in parts, of which none is parsed that has been parsed
// before: records are many, and what they say of customers, uses, facts and decisions is mostly the same. Any other line
// is parsed whole.

/** A recorded decision without request, instant and bundle. */
export interface KeptDecision {
  readonly recorded: RecordedDecision
  /** A decision that says the same. */
  same: Decision | null
}

/** A line that has been read. */
export interface RecordText {
  readonly request: Request
  readonly decision: KeptDecision
  /** Of the bundle that decided. */
  readonly digest: string
}

const BEGIN = '{"decision":{"request":'
const REQUEST = ',"request":{"id":'
const CUSTOMER = ',"customer":"'
const USES = ',"uses":['
const FACTS = ',"facts":{'
const SIGNALS = ',"signals":['
const AT = ',"at":"'
const BUNDLE = '","bundle":"'
const NO_SIGNALS = '"signals":[]'

const INSTANT = '1970-01-01T00:00:00.000Z'
const DIGEST = `sha256:${'0'.repeat(64)}` as const
/** What a decision ends with, and what a line does. */
const DECISION_END = `${AT}${INSTANT}${BUNDLE}${DIGEST}"}`
const LINE_END = `${AT}${INSTANT}"}}`

/** Stands for the parts of a request that another part is checked with. */
const PLAIN_REQUEST = { customer: 'a', deployment: 'a', model: 'a', uses: ['a'], at: INSTANT }

/** Text between quotes that JSON reads as it stands. */
const PLAIN = /^"[ !#-[\]-~]*"$/

/** Most characters that are kept, and most of one text. */
const KEPT_CHARS_MAX = 33_554_432
const KEPT_TEXT_CHARS_MAX = 16_384

type Part = Readonly<Partial<Request>>

/** Reads lines of records, and keeps the parts of them. */
export class RecordTexts {
  readonly #parts = new Map<string, Part>()
  readonly #decisions = new Map<string, KeptDecision>()
  #chars = 0
  readonly #instants = new InstantTexts()
  #digest: string = DIGEST

  /** Undefined when a line is not written as it is printed, or anything in it is malformed. */
  read(line: string): RecordText | undefined {
    // Within a string of JSON the quotes of these would have a backslash before them.
    const decisionEnd = line.startsWith(BEGIN) ? line.indexOf(REQUEST) : -1
    const idStart = decisionEnd + REQUEST.length
    const idEnd = decisionEnd < 0 ? -1 : line.indexOf(CUSTOMER, idStart)
    if (idEnd < 0) return undefined
    const id = line.slice(idStart, idEnd)
    if (id !== 'null' && !PLAIN.test(id)) return undefined
    const requestEnd = line.length - LINE_END.length
    const at = line.slice(requestEnd + AT.length, -3)
    if (!line.startsWith(AT, requestEnd) || !line.endsWith('"}}')) return undefined
    const digest = this.#digestOf(line, decisionEnd, at)
    if (digest === undefined || !line.startsWith(id, BEGIN.length)) return undefined
    const start = BEGIN.length + id.length
    const decision = this.#decisionOf(line.slice(start, decisionEnd - DECISION_END.length))
    const request = decision && this.#requestOf(line.slice(idEnd, requestEnd), id, at)
    return request && { request, decision, digest }
  }

  /** The digest that a decision ends with, when it is of an instant. */
  #digestOf(line: string, decisionEnd: number, at: string): string | undefined {
    const start = decisionEnd - DECISION_END.length
    const bundle = start + AT.length + INSTANT.length
    if (!line.startsWith(AT, start) || !line.startsWith(at, start + AT.length)) return undefined
    if (!line.startsWith(BUNDLE, bundle) || !line.startsWith('"}', decisionEnd - 2)) {
      return undefined
    }
    const digest = bundle + BUNDLE.length
    if (line.startsWith(this.#digest, digest)) return this.#digest
    const other = copyOf(line.slice(digest, decisionEnd - 2))
    if (!isDigest(other)) return undefined
    this.#digest = other
    return other
  }

  /** Of the members between the request's id and the instant; none with near misses, which are made on demand. */
  #decisionOf(members: string): KeptDecision | undefined {
    const known = this.#decisions.get(members)
    if (known) return known
    const json = parseJson(`{"request":null${members}${DECISION_END}`)
    const recorded = json.ok ? parseRecordedDecision(json.value) : json
    if (!recorded.ok || !members.endsWith(',"nearest":[]')) return undefined
    const decision = { recorded: recorded.value, same: null }
    this.#keep(this.#decisions, members, decision)
    return decision
  }

  /** Of the members between the request's id and its instant. */
  #requestOf(members: string, id: string, at: string): Request | undefined {
    const uses = members.indexOf(USES)
    const facts = members.indexOf(FACTS, uses + 1)
    const signals = members.indexOf(SIGNALS, facts + 1)
    if (uses < 0 || facts < uses || signals < facts) return undefined
    const asker = this.#partOf(members.slice(1, uses), ASKER)
    const used = this.#partOf(members.slice(uses + 1, facts), ['uses'])
    const stated = this.#partOf(members.slice(facts + 1, signals), ['facts'])
    const detected = this.#partOf(members.slice(signals + 1), ['signals'])
    const instant = this.#instants.read(at)
    if (!asker || !used || !stated || !detected || instant === undefined) return undefined
    // Each part was checked to have these members.
    const { customer, deployment, model } = asker as Request
    return {
      id: id === 'null' ? null : id.slice(1, -1),
      customer,
      deployment,
      model,
      uses: (used as Request).uses,
      facts: (stated as Request).facts,
      signals: (detected as Request).signals,
      at: instant,
    }
  }

  /** Some members of a request, which are to be just these and as they are in a request that is well formed. */
  #partOf(members: string, names: readonly (keyof Request)[]): Part | undefined {
    const known = this.#parts.get(members)
    if (known) return Object.hasOwn(known, names[0] as string) ? known : undefined
    const json = parseJson(`{${members}}`)
    const part = json.ok ? exactMembers(json.value, names) : undefined
    const request = part && parseRequest({ ...PLAIN_REQUEST, ...part })
    if (!request?.ok) return undefined
    // Scores are seldom the same twice.
    if (names[0] !== 'signals' || members === NO_SIGNALS) {
      this.#keep(this.#parts, members, part as Part)
    }
    return part as Part
  }

  #keep<T>(map: Map<string, T>, text: string, value: T): void {
    if (text.length > KEPT_TEXT_CHARS_MAX) return
    if (this.#chars + text.length > KEPT_CHARS_MAX) {
      this.#parts.clear()
      this.#decisions.clear()
      this.#chars = 0
    }
    this.#chars += text.length
    map.set(copyOf(text), value)
  }
}

const ASKER = ['customer', 'deployment', 'model'] as const

/** A part of a text would hold the whole of it in memory. */
function copyOf(text: string): string {
  return Buffer.from(text).toString()
}

/** Whether a decision says what was recorded, beyond request, instant and bundle. */
export function isSameAsKept(kept: KeptDecision, decision: Decision): boolean {
  if (kept.same !== null && isMadeAlike(kept.same, decision)) return true
  const bare = { ...decision, request: null }
  if (!isSameDecision(kept.recorded, bare, false)) return false
  kept.same = bare
  return true
}

/** Whether two decisions are made of the same lists, as they mostly are when they say the same. */
function isMadeAlike(a: Decision, b: Decision): boolean {
  return (
    a.outcome === b.outcome &&
    a.base === b.base &&
    a.contract === b.contract &&
    a.tailoring === b.tailoring &&
    isSameList(a.triggered, b.triggered) &&
    isSameList(a.obligations, b.obligations) &&
    isSameList(a.reasons, b.reasons) &&
    isSameList(a.nearest, b.nearest)
  )
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
