import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printSigner, type Signer, signerOf } from '../src/log/signer.ts'
import { spawnProviso } from './proviso.ts'

// `proviso witness` as a process of its own.

export interface RunningWitness {
  readonly address: string
  /** What it has printed once it listened. */
  readonly announced: Readonly<Record<string, unknown>>
  readonly exit: Promise<{ readonly code: number | null; readonly stderr: string }>
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

/** The files of a witness below a directory. */
export interface WitnessFiles {
  readonly signer: Signer
  readonly state: string
  readonly args: readonly string[]
}

export function witnessFiles(directory: string, name: string, trust: string): WitnessFiles {
  const signer = signerOf(name, Buffer.alloc(32, name), 'cosignature')
  const state = join(directory, 'state')
  mkdirSync(state, { recursive: true })
  writeFileSync(join(directory, 'key'), `${printSigner(signer)}\n`, { mode: 0o600 })
  writeFileSync(join(directory, 'trust'), trust)
  const files = ['--key', join(directory, 'key'), '--trust', join(directory, 'trust')]
  return { signer, state, args: [state, ...files] }
}

/** Starts a witness on a free port, and comes back when it listens. */
export async function startWitness({ args }: WitnessFiles): Promise<RunningWitness> {
  const child = spawnProviso(['witness', ...args, '--port', '0', '--json'])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }))
  let stdout = ''
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    stdout += String(text)
    if (stdout.includes('\n')) break
  }
  if (stdout === '') throw new Error(`the witness did not start: ${(await exit).stderr}`)
  const announced = JSON.parse(stdout) as { readonly address: string }
  return { address: announced.address, announced, exit, kill: (signal) => child.kill(signal) }
}
