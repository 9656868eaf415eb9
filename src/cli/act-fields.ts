import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { readSource, type Source } from '../document.ts'
import type { Arguments, Command } from './command.ts'
import { type EvidenceFile, readEvidence } from './evidence-file.ts'
import { readSmallFile } from './followed-file.ts'
import { printProblem, warn } from './output.ts'
import type { Locate } from './register-answer.ts'
import type { Answer, RegisterClient } from './register-client.ts'
import { UsageError } from './usage-error.ts'

// The fields of an act, from a file, from values, from texts, and from files of evidence.

export const FIELD_OPTIONS = {
  file: { type: 'string' },
  set: { type: 'string', multiple: true },
  text: { type: 'string', multiple: true },
} as const satisfies Command['options']

export const EVIDENCE_OPTIONS = {
  evidence: { type: 'string', multiple: true },
} as const satisfies Command['options']

/** How an act names files: in a list, with their types and sizes, or each by its digest alone. */
export type EvidenceForm = 'list' | 'digest'

export interface Fields {
  readonly values: Readonly<Record<string, unknown>>
  /** Files that the fields name, to be kept before the act is asked for. */
  readonly evidence: readonly EvidenceFile[]
  readonly locate: Locate
}

export function fieldsOf(args: Arguments, form: EvidenceForm): Fields {
  const source = sourceOf(args.text('file'))
  const values: Record<string, unknown> = { ...(source?.raw as object | undefined) }
  const inFile = new Set(Object.keys(values))
  const set = (name: string, value: unknown): void => {
    values[name] = value
    inFile.delete(name)
  }
  for (const [name, text] of pairsOf(args, 'set')) {
    const parsed = parseDocument(text)
    if (parsed.errors.length > 0)
      throw new UsageError(`--set ${name}: its value is no YAML; a text with \`: \` goes in quotes`)
    set(name, parsed.toJS())
  }
  const texts = pairsOf(args, 'text')
  for (const [name, file] of texts) set(name, readFileSync(file, 'utf8'))
  const evidence = pairsOf(args, 'evidence').map(([name, path]) => {
    const file = readEvidence(path)
    if (form === 'digest') set(name, file.kept.digest)
    else values[name] = [...listIn(values, name), { ...file.kept, title: file.title }]
    return file
  })
  return { values, evidence, locate: locating(source, inFile, new Map(texts)) }
}

/** Has the register keep files; answers with what it says when it does not. */
export async function keepEvidence(
  client: RegisterClient,
  files: readonly EvidenceFile[],
): Promise<Answer | undefined> {
  for (const { kept, bytes } of files) {
    const answer = await client.keep(kept, bytes)
    if (answer.status >= 300) return answer
  }
  return undefined
}

/** Of a field that comes from the file: where it is there. Of a text: where in the file that the text is from. */
function locating(
  source: Source | undefined,
  inFile: ReadonlySet<string>,
  texts: ReadonlyMap<string, string>,
): Locate {
  return (problem) => {
    if ('file' in problem) {
      const file = texts.get(problem.file.replace(/\.yaml$/, '')) ?? problem.file
      return { ...problem, file }
    }
    return inFile.has(String(problem.path[0])) ? source?.locate(problem) : undefined
  }
}

function listIn(values: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const value = values[name] ?? []
  if (Array.isArray(value)) return value
  throw new UsageError(`--evidence ${name}: the field is no list; leave it out elsewhere`)
}

function pairsOf(args: Arguments, option: string): readonly (readonly [string, string])[] {
  return args.texts(option).map((text) => {
    const [, name = '', value = ''] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? []
    if (name !== '') return [name, value] as const
    throw new UsageError(`--${option} ${text}: write NAME=VALUE`)
  })
}

function sourceOf(file: string | undefined): Source | undefined {
  if (file === undefined) return undefined
  const source = readSource({ name: file, text: readSmallFile(file) })
  const { raw, problems } = source
  for (const problem of problems) warn(printProblem(problem, process.stderr))
  if (problems.length > 0 || raw === undefined) throw new UsageError(`${file} cannot be read`)
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return source
  throw new UsageError(`${file} holds no fields: write NAME: VALUE, a line each`)
}
