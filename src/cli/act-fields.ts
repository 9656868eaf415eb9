import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { readSource } from '../document.ts'
import type { Arguments, Command } from './command.ts'
import { readSmallFile } from './followed-file.ts'
import { printProblem, warn } from './output.ts'
import { UsageError } from './usage-error.ts'

// The fields of an act, from a file, from values, and from texts.

export const FIELD_OPTIONS = {
  file: { type: 'string' },
  set: { type: 'string', multiple: true },
  text: { type: 'string', multiple: true },
} as const satisfies Command['options']

export type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(args: Arguments): Fields {
  const fields: Record<string, unknown> = { ...fileFields(args.text('file')) }
  for (const [name, value] of pairsOf(args, 'set')) {
    const parsed = parseDocument(value)
    if (parsed.errors.length > 0) throw new UsageError(`--set ${name}: its value is no YAML`)
    fields[name] = parsed.toJS()
  }
  for (const [name, file] of pairsOf(args, 'text')) fields[name] = readFileSync(file, 'utf8')
  return fields
}

function pairsOf(args: Arguments, option: string): readonly (readonly [string, string])[] {
  return args.texts(option).map((text) => {
    const [, name = '', value = ''] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? []
    if (name !== '') return [name, value] as const
    throw new UsageError(`--${option} ${text}: write NAME=VALUE`)
  })
}

function fileFields(file: string | undefined): object {
  if (file === undefined) return {}
  const { raw, problems } = readSource({ name: file, text: readSmallFile(file) })
  for (const problem of problems) warn(printProblem(problem, process.stderr))
  if (problems.length > 0 || raw === undefined) throw new UsageError(`${file} cannot be read`)
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw
  throw new UsageError(`${file} holds no fields: write NAME: VALUE, a line each`)
}
