import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type Document as YamlDocument,
} from 'yaml'
import type { Problem } from './problem.ts'
import { quote } from './suggest.ts'

/** Longest document, in UTF-16 code units: about a thousand pages. */
export const DOCUMENT_CHARS_MAX = 1_048_576

/** Deepest nesting in a document. */
const DOCUMENT_DEPTH_MAX = 64

/** How often aliases may stand for anchored nodes, counted after expansion: stops anchor bombs. */
const ALIASES_MAX = 100

/** Most columns of a source line that a code frame shows. */
const FRAME_COLUMNS_MAX = 100

export interface SourceFile {
  /** Relative to the policy directory, with `/`. */
  readonly name: string
  readonly text: string
}

export interface LocatedProblem {
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  readonly message: string
  /** The source line with a caret below the place. */
  readonly frame: string
}

/** A YAML document as plain data, and the way back from a path in it to a place in the text. */
export interface Source {
  readonly file: SourceFile
  /** What the text says; undefined when it could not be read at all. */
  readonly raw: unknown
  readonly problems: readonly LocatedProblem[]
  locate(problem: Problem): LocatedProblem
}

/** Whose keys a document has: ours, or anyone's, as a test case quotes a hostile request. */
export type Keys = 'own' | 'foreign'

/** Reads YAML 1.2 (so JSON too) from outside: bounded, with duplicate keys and odd keys refused. */
export function readSource(file: SourceFile, keys: Keys = 'own'): Source {
  const lines = new LineCounter()
  const placed = (
    offset: number,
    { severity, code, message }: Pick<Problem, 'severity' | 'code' | 'message'>,
  ): LocatedProblem => place(file, lines, offset, { severity, code, message })
  const unreadable = (code: string, message: string): Source => ({
    file,
    raw: undefined,
    problems: [placed(0, { severity: 'error', code, message })],
    locate: (problem) => placed(0, problem),
  })

  if (file.text.length > DOCUMENT_CHARS_MAX) {
    return unreadable('too-large', `split the file: it is over ${DOCUMENT_CHARS_MAX} characters`)
  }
  if (nestingOf(file.text) > DOCUMENT_DEPTH_MAX) {
    return unreadable('too-deep', `flatten the file: it nests over ${DOCUMENT_DEPTH_MAX} levels`)
  }
  const doc = parseDocument(file.text, { lineCounter: lines, prettyErrors: false })
  const problems = [
    ...[...doc.errors, ...doc.warnings].map((error) =>
      placed(error.pos[0], {
        severity: 'error',
        code: error.code === 'DUPLICATE_KEY' ? 'duplicate-key' : 'malformed-yaml',
        message: sentenceOf(error.code, error.message),
      }),
    ),
    ...oddKeys(doc, keys).map(({ offset, message }) =>
      placed(offset, { severity: 'error', code: 'malformed-key', message }),
    ),
  ]
  try {
    return {
      file,
      raw: doc.toJS({ maxAliasCount: ALIASES_MAX }) as unknown,
      problems,
      locate: (problem) => placed(offsetOf(doc, problem), problem),
    }
  } catch (error) {
    return unreadable('too-many-aliases', `write aliases out: ${(error as Error).message}`)
  }
}

function sentenceOf(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is there twice; keep one'
  if (code === 'MULTIPLE_DOCS') return 'one document a file; split it at `---`'
  return message
}

/** Keys that are not plain text, and the one that JavaScript objects treat as their own. */
function oddKeys(
  doc: YamlDocument,
  keys: Keys,
): readonly { readonly offset: number; readonly message: string }[] {
  const odd: { offset: number; message: string }[] = []
  visit(doc, {
    Pair(_, { key }) {
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0
      if (!isScalar(key) || typeof key.value !== 'string') {
        odd.push({ offset, message: 'a key is text; put it in quotes' })
      } else if (keys === 'own' && key.value === '__proto__') {
        odd.push({ offset, message: `no key may be named ${quote(key.value)}; remove it` })
      }
    },
  })
  return odd
}

/** An upper bound of how deep a text nests: by indentation and by brackets. */
function nestingOf(text: string): number {
  let brackets = 0
  let deepest = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++brackets)
    else if (c === 0x5d || c === 0x7d) brackets = Math.max(0, brackets - 1)
  }
  for (const [indent] of text.matchAll(/^(?: |- |\? )+/gm)) {
    deepest = Math.max(deepest, Math.ceil(indent.length / 2))
  }
  return deepest
}

function offsetOf(doc: YamlDocument, { path, atKey }: Problem): number {
  let node = doc.contents as Node | null
  let offset = node?.range?.[0] ?? 0
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(doc) ?? null
    const child = childOf(node, step)
    if (!child) return offset
    const wantsKey = atKey === true && depth === path.length - 1
    offset = (wantsKey ? child.key : child.value)?.range?.[0] ?? child.key?.range?.[0] ?? offset
    node = child.value
  }
  return offset
}

interface Child {
  readonly key: Node | null
  readonly value: Node | null
}

function childOf(node: Node | null, step: string | number): Child | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step]
    return isNode(item) ? { key: null, value: item } : undefined
  }
  if (!isMap(node)) return undefined
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  if (!pair) return undefined
  return { key: isNode(pair.key) ? pair.key : null, value: isNode(pair.value) ? pair.value : null }
}

function place(
  file: SourceFile,
  lines: LineCounter,
  offset: number,
  problem: Pick<Problem, 'severity' | 'code' | 'message'>,
): LocatedProblem {
  const found = lines.lineStarts.length > 0 ? lines.linePos(offset) : { line: 1, col: 1 }
  const line = Math.max(1, found.line)
  const column = Math.max(1, found.col)
  const start = lines.lineStarts[line - 1] ?? 0
  const end = file.text.indexOf('\n', start)
  const source = file.text.slice(start, end < 0 ? undefined : end).slice(0, FRAME_COLUMNS_MAX)
  const gutter = String(line)
  const frame = `${gutter} | ${source}\n${' '.repeat(gutter.length)} | ${' '.repeat(
    Math.min(column - 1, FRAME_COLUMNS_MAX),
  )}^`
  const { severity, code, message } = problem
  return { severity, code, file: file.name, line, column, message, frame }
}
