import type { Decision } from '../decision/decision.ts'

// The line of a record as `proviso log export` prints it, read without parsing the decision in it: that is compared
// with the text that the decision made anew would have. Any other line is parsed whole.

/** Where a line has its request, and the end of its decision. */
export interface RecordText {
  readonly line: string
  readonly request: string
  /** Index after the decision. */
  readonly decisionEnd: number
}

const BEGIN = '{"decision":'
const BETWEEN = ',"request":{'

/**
 * Takes a line apart; undefined when it is no such line. What comes before the request may be anything: only when it is
 * the text of a decision has the line been read right.
 */
export function recordTextOf(line: string): RecordText | undefined {
  if (!line.startsWith(BEGIN)) return undefined
  // Within a string of JSON the pattern's quotes would have a backslash before them.
  const decisionEnd = line.indexOf(BETWEEN)
  if (decisionEnd < 0 || !line.endsWith('}}')) return undefined
  const request = line.slice(decisionEnd + BETWEEN.length - 1, -1)
  return { line, request, decisionEnd }
}

/** How long an instant with milliseconds is, and a digest between its quotes with what closes the decision, in characters. */
const INSTANT_CHARS = 24
const DIGEST_CHARS = 71

/**
 * The digest of the bundle that a line's decision names, when the decision reads byte for byte as this one would, but for
 * that digest and the instant, which is to be `at`; otherwise undefined.
 */
export function digestIfPrinted(
  { line, decisionEnd }: RecordText,
  decision: Decision,
  at: string,
): string | undefined {
  if (at.length !== INSTANT_CHARS) return undefined
  const { outcome, base, triggered, contract, tailoring, obligations, reasons, nearest } = decision
  let i = past(line, BEGIN.length, '{"request":')
  i = past(line, i, decision.request === null ? 'null' : JSON.stringify(decision.request))
  i = past(line, past(line, i, ',"outcome":"'), outcome)
  i = past(line, past(line, i, '","base":"'), base)
  i = past(line, past(line, i, '","triggered":'), printList(triggered))
  if (contract !== null) {
    i = past(line, past(line, i, ',"contract":"'), contract)
    i = past(line, past(line, i, '","tailoring":"'), tailoring ?? '')
    i = past(line, i, '"')
  }
  i = past(line, past(line, i, ',"obligations":'), printList(obligations))
  i = past(line, past(line, i, ',"reasons":'), printList(reasons))
  i = past(line, past(line, i, ',"nearest":'), printList(nearest))
  i = past(line, past(line, i, ',"at":"'), at)
  i = past(line, i, '","bundle":"')
  if (i < 0 || i + DIGEST_CHARS + '"}'.length !== decisionEnd) return undefined
  const end = past(line, i + DIGEST_CHARS, '"}')
  return end < 0 ? undefined : line.slice(i, i + DIGEST_CHARS)
}

/** The index after a piece of text that stands at an index; -1 when another one does, or the index is -1 already. */
function past(text: string, index: number, piece: string): number {
  return index >= 0 && text.startsWith(piece, index) ? index + piece.length : -1
}

const texts = new WeakMap<readonly unknown[], string>()

/** Prints a frozen list once for as long as something holds it: a bundle keeps most lists of its decisions. */
function printList(list: readonly unknown[]): string {
  if (list.length === 0) return '[]'
  const known = texts.get(list)
  if (known !== undefined) return known
  const text = JSON.stringify(list)
  if (Object.isFrozen(list)) texts.set(list, text)
  return text
}
