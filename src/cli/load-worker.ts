import { parentPort, workerData } from 'node:worker_threads'
import { printBundle } from '../decision/bundle-file.ts'
import { compile } from '../decision/compile.ts'
import type { CheckedDirectory } from '../decision/live-documents.ts'
import type { LocatedProblem } from '../document.ts'
import { readDirectory } from './directory.ts'
import { sha256 } from './load.ts'
import { UsageError } from './usage-error.ts'

// Reads, checks and compiles a directory whole beside the thread that answers.

/** What a worker found. Bundles cross as the text of their file, the rest as plain data. */
export type Loaded =
  | {
      readonly kind: 'checked'
      readonly bundle: Uint8Array
      readonly provider: CheckedDirectory['provider']
      readonly contracts: readonly (readonly [
        string,
        { readonly id: string; readonly customer: string; readonly tailorings: number },
      ])[]
      readonly files: readonly (readonly [name: string, stamp: string, sha256: string])[]
      readonly warnings: number
    }
  | { readonly kind: 'refused'; readonly problems: readonly LocatedProblem[] }
  | { readonly kind: 'unreadable'; readonly message: string }

function load(dir: string): Loaded {
  const { world, problems, contracts, files } = readDirectory(dir)
  if (!world) {
    return { kind: 'refused', problems: problems.filter(({ severity }) => severity === 'error') }
  }
  const { contracts: _, ...provider } = world
  return {
    kind: 'checked',
    bundle: Buffer.concat([...printBundle(compile(world, sha256), sha256)].map(bytesOf)),
    provider,
    contracts: contracts.map(({ file, contract: { id, customer, terms } }) => {
      return [file, { id, customer, tailorings: terms.tailorings.length }]
    }),
    files: files.map(({ name, stamp, sha256: digest }) => [name, stamp, digest]),
    warnings: problems.length,
  }
}

function bytesOf(line: string): Buffer {
  return Buffer.from(line)
}

function loadOrSay(dir: string): Loaded {
  try {
    return load(dir)
  } catch (error) {
    const isExpected = error instanceof UsageError || (error instanceof Error && 'syscall' in error)
    if (!isExpected) throw error
    return { kind: 'unreadable', message: error.message }
  }
}

parentPort?.postMessage(loadOrSay(workerData as string))
