import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { base64Of } from '../src/bytes.ts'
import type { Consistency, Inclusion } from '../src/log/merkle.ts'
import { programOf } from './debian-packages.ts'

// The judge of logs: judge/judge.go, which checks what we write with code that is not ours.

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-judge-'))
const JUDGE = join(TEMP, 'judge')
afterAll(() => rmSync(TEMP, { recursive: true }))

build()

/** Builds it once for each file of tests. After the first time Go's cache has all but the linking. */
function build(): void {
  const [path] = programOf('golang-golang-x-mod-dev').split('/src/')
  execFileSync(programOf('golang-go'), ['build', '-o', JUDGE, 'judge.go'], {
    cwd: join(import.meta.dirname, 'judge'),
    env: { ...process.env, GO111MODULE: 'off', GOPATH: path, GOFLAGS: '' },
  })
}

export interface Verdict {
  readonly accepts: boolean
  /** What it has found, a line each; the last says why when it refuses. */
  readonly says: string
}

function ask(args: readonly string[], input = ''): Verdict {
  const { status, stdout, stderr } = spawnSync(JUDGE, args, { input, encoding: 'utf8' })
  // Go exits with 2 when it panics.
  if (status !== 0 && status !== 1) throw new Error(`the judge broke: ${stderr}`)
  return { accepts: status === 0, says: stdout }
}

/** Judges a log in a directory: its checkpoint, tiles and entries, and a proof of each entry or of some thousand. */
export function judgeLog(directory: string, ...verifiers: readonly string[]): Verdict {
  return ask(['log', directory, ...verifiers])
}

/** Judges a signed note; it says the note's text. */
export function judgeNote(note: string, ...verifiers: readonly string[]): Verdict {
  return ask(['note', ...verifiers], note)
}

/** A note that the judge has signed. */
export function signedByJudge(text: string, privateKey: string): string {
  const { accepts, says } = ask(['sign', privateKey], text)
  if (!accepts) throw new Error(says)
  return says
}

/** Judges proofs, in their order: `ok`, or why not. It knows no consistency with a tree of no entries. */
export function judgeProofs(
  proofs: readonly ((Inclusion & { readonly root: Uint8Array }) | Consistency)[],
): readonly string[] {
  const lines = proofs.map((proof) => {
    const kind = 'from' in proof ? 'consistency' : 'inclusion'
    return JSON.stringify({ kind, ...proof }, (_key, value: unknown) =>
      value instanceof Uint8Array ? base64Of(value) : value,
    )
  })
  return ask(['proof'], lines.join('\n')).says.split('\n').slice(0, -1)
}
