import type { Decision } from '../decision/decision.ts'
import {
  isSameDecision,
  parseRecordedDecision,
  type RecordedDecision,
} from '../decision/replayed.ts'
import { checkSignals, parseRequest, type Request } from '../decision/request.ts'
import { isDigest } from '../digest.ts'
import { exactMembers, parseJson } from '../json.ts'
import { InstantTexts } from './instant-texts.ts'

// The line of a record as `proviso log export` prints it, read in parts, of which none is parsed that has been parsed
// before: records are many, and what they say of customers, uses, facts and decisions is mostly the same. Any other line
// is parsed whole.

/** A recorded decision without request, instant and bundle. */
export interface KeptDecision {
  readonly text: string
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

/** Who asks for what model, and what was asked lately. */
interface Asker extends Pick<Request, 'customer' | 'deployment' | 'model'> {
  readonly lately: Lately[]
  next: number
}

/** What was asked, and the last decision on it. */
interface Lately {
  readonly asked: Asked
  decision: KeptDecision
}

interface Asked extends Pick<Request, 'uses' | 'facts'> {
  readonly text: string
}

const BEGIN = '{"decision":{"request":'
const REQUEST = ',"request":{"id":'
const CUSTOMER = ',"customer":"'
const USES = ',"uses":['
const AT = ',"at":"'
const BUNDLE = '","bundle":"'
const SIGNALS = ',"signals":['
const NO_SIGNALS = ',"signals":[]'
const NO_NEAREST = ',"nearest":[]'

const INSTANT = '1970-01-01T00:00:00.000Z'
const DIGEST = `sha256:${'0'.repeat(64)}` as const
/** What a decision ends with, and what a line does. */
const DECISION_END = `${AT}${INSTANT}${BUNDLE}${DIGEST}"}`
const LINE_END = `${AT}${INSTANT}"}}`

/** Text between quotes that JSON reads as it stands. */
const PLAIN = /^"[ !#-[\]-~]*"$/

/** Most characters that are kept, and most of one text. */
const KEPT_CHARS_MAX = 33_554_432
const KEPT_TEXT_CHARS_MAX = 16_384

/** How much is looked for of what an asker asked lately. */
const LATELY_MAX = 16

/** The texts that a line consists of, none of which has been read yet. */
interface Parts {
  /** JSON. */
  readonly id: string
  /** Without quotes. */
  readonly at: string
  /** Members, the last three with a comma before them. */
  readonly asker: string
  readonly asked: string
  readonly signals: string
  readonly decision: string
  /** Index after the decision. */
  readonly decisionEnd: number
}

function partsOf(line: string): Parts | undefined {
  // Within a string of JSON the quotes of these would have a backslash before them.
  const decisionEnd = isAt(line, 0, BEGIN) ? line.indexOf(REQUEST) : -1
  const idStart = decisionEnd + REQUEST.length
  const idEnd = decisionEnd < 0 ? -1 : line.indexOf(CUSTOMER, idStart)
  const usesStart = idEnd < 0 ? -1 : line.indexOf(USES, idEnd)
  const signalsStart = usesStart < 0 ? -1 : line.indexOf(SIGNALS, usesStart)
  const requestEnd = line.length - LINE_END.length
  if (signalsStart < 0 || signalsStart > requestEnd) return undefined
  if (!isAt(line, requestEnd, AT) || line.slice(-3) !== '"}}') return undefined
  const id = line.slice(idStart, idEnd)
  if ((id !== 'null' && !PLAIN.test(id)) || !isAt(line, BEGIN.length, id)) return undefined
  return {
    id,
    at: line.slice(requestEnd + AT.length, -3),
    asker: line.slice(idEnd + 1, usesStart),
    asked: line.slice(usesStart, signalsStart),
    signals: line.slice(signalsStart, requestEnd),
    decision: line.slice(BEGIN.length + id.length, decisionEnd - DECISION_END.length),
    decisionEnd,
  }
}

/** Reads lines of records, and keeps the parts of them. */
export class RecordTexts {
  readonly #askers = new Map<string, Asker>()
  readonly #asked = new Map<string, Asked>()
  readonly #decisions = new Map<string, KeptDecision>()
  #chars = 0
  readonly #instants = new InstantTexts()
  #digest: string = DIGEST

  /** Undefined when a line is not written as it is printed, or anything in it is malformed. */
  read(line: string): RecordText | undefined {
    const parts = partsOf(line)
    const instant = parts && this.#instants.read(parts.at)
    const digest = parts && this.#digestOf(line, parts)
    const asker = parts && this.#askerOf(parts.asker)
    if (instant === undefined || digest === undefined || !asker) return undefined
    const { id, asked, decision } = parts
    const lately = this.#latelyOf(asker, asked, decision)
    const signals = signalsOf(parts.signals)
    if (!lately || !signals) return undefined
    const { customer, deployment, model } = asker
    const { uses, facts } = lately.asked
    const name = id === 'null' ? null : id.slice(1, -1)
    const request = { id: name, customer, deployment, model, uses, facts, signals, at: instant }
    return { request, decision: lately.decision, digest }
  }

  /** The digest that a decision ends with, when it is of an instant. */
  #digestOf(line: string, { decisionEnd, at }: Parts): string | undefined {
    const start = decisionEnd - DECISION_END.length
    const bundle = start + AT.length + INSTANT.length
    if (!isAt(line, start, AT) || !isAt(line, start + AT.length, at)) return undefined
    if (!isAt(line, bundle, BUNDLE) || !isAt(line, decisionEnd - 2, '"}')) return undefined
    const digest = line.slice(bundle + BUNDLE.length, decisionEnd - 2)
    if (digest === this.#digest) return this.#digest
    if (!isDigest(digest)) return undefined
    this.#digest = copyOf(digest)
    return this.#digest
  }

  /** Of the members from the customer to the model. */
  #askerOf(members: string): Asker | undefined {
    const known = this.#askers.get(members)
    if (known) return known
    const json = parseJson(`{${members}}`)
    const asker = json.ok ? exactMembers(json.value, ASKER) : undefined
    const request = asker && parseRequest({ ...asker, uses: ['a'], at: INSTANT })
    if (!request?.ok) return undefined
    const { customer, deployment, model } = request.value
    const kept = { customer, deployment, model, lately: [], next: 0 }
    this.#keep(this.#askers, members, kept)
    return kept
  }

  /** Of the members that say what is asked, and of those of the decision. */
  #latelyOf(asker: Asker, members: string, decision: string): Lately | undefined {
    for (const known of asker.lately) {
      if (known.asked.text !== members) continue
      if (known.decision.text !== decision) {
        const other = this.#decisionOf(decision)
        if (!other) return undefined
        known.decision = other
      }
      return known
    }
    const asked = this.#askedOf(members)
    const decided = asked && this.#decisionOf(decision)
    if (!decided) return undefined
    const lately = { asked, decision: decided }
    if (members.length + decision.length > KEPT_TEXT_CHARS_MAX) return lately
    asker.lately[asker.next] = lately
    asker.next = (asker.next + 1) % LATELY_MAX
    return lately
  }

  #askedOf(members: string): Asked | undefined {
    const known = this.#asked.get(members)
    if (known) return known
    const json = parseJson(`{${members.slice(1)}}`)
    const asked = json.ok ? exactMembers(json.value, ASKED) : undefined
    const request = asked && parseRequest({ ...NOBODY, ...asked, at: INSTANT })
    if (!request?.ok) return undefined
    const { uses, facts } = request.value
    const kept = { text: copyOf(members), uses, facts }
    this.#keep(this.#asked, kept.text, kept)
    return kept
  }

  /** Of the members between request and instant; none with near misses, which are only made where they are asked for. */
  #decisionOf(members: string): KeptDecision | undefined {
    const known = this.#decisions.get(members)
    if (known) return known
    const json = parseJson(`{"request":null${members}${DECISION_END}`)
    const recorded = json.ok ? parseRecordedDecision(json.value) : json
    if (!recorded.ok || !members.endsWith(NO_NEAREST)) return undefined
    const decision = { text: copyOf(members), recorded: recorded.value, same: null }
    this.#keep(this.#decisions, decision.text, decision)
    return decision
  }

  #keep<T>(map: Map<string, T>, text: string, value: T): void {
    if (text.length > KEPT_TEXT_CHARS_MAX) return
    if (this.#chars + text.length > KEPT_CHARS_MAX) {
      this.#askers.clear()
      this.#asked.clear()
      this.#decisions.clear()
      this.#chars = 0
    }
    this.#chars += text.length
    map.set(copyOf(text), value)
  }
}

const ASKER = ['customer', 'deployment', 'model'] as const
const ASKED = ['uses', 'facts'] as const

/** Stands for the asker where what is asked is checked. */
const NOBODY = { customer: 'a', deployment: 'a', model: 'a' }

const NONE: Request['signals'] = []

/** None is kept: scores are seldom the same twice. */
function signalsOf(member: string): Request['signals'] | undefined {
  if (member === NO_SIGNALS) return NONE
  const json = parseJson(member.slice(SIGNALS.length - 1))
  const isSound = json.ok && Array.isArray(json.value) && checkSignals(json.value) === undefined
  return isSound ? (json.value as Request['signals']) : undefined
}

/** Whether a piece of text stands at an index. `startsWith` would look at one character after another. */
function isAt(text: string, index: number, piece: string): boolean {
  return text.slice(index, index + piece.length) === piece
}

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
