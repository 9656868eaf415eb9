import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { smtFilesOf } from '../proof/smt.ts'
import { isFile } from './load.ts'
import type { ToProve } from './prove-subject.ts'
import { UsageError } from './usage-error.ts'

const EXTENSION = '.smt2'

/** Writes each law to a file of its own. Such files of an earlier run are taken away; anything else is left alone. */
export function writeSmt(out: string, { proved, statements }: ToProve): void {
  if (isFile(out)) throw new UsageError(`${out} is a file; name a directory for a file a law`)
  mkdirSync(out, { recursive: true })
  const found = readdirSync(out)
  const others = found.filter((name) => !name.endsWith(EXTENSION))
  if (others.length > 0) {
    throw new UsageError(
      `${out} holds ${others[0]}; name a directory that is new, or holds ${EXTENSION} files only`,
    )
  }
  for (const name of found) rmSync(join(out, name))
  const { bundle, subject } = proved
  const exported = { bundle, decided: subject.decided.rules, meant: subject.meant.rules }
  for (const { name, text } of smtFilesOf(exported, statements)) {
    writeFileSync(join(out, name), text)
  }
}
