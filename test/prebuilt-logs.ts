import { Sequencer, type SequencerOptions } from '../src/log/sequencer.ts'
import { signerOf } from '../src/log/signer.ts'
import { NUMBERED_BYTES, submissionOf } from './log-account.ts'
import { PlainTree } from './plain-tree.ts'
import { SimulatedFiles } from './simulated-files.ts'

// Logs of the sizes at which trees begin or end a tile, built once.

export const ORIGIN = 'proviso.example/decisions/test/1'

const SIGNER = signerOf(ORIGIN, new Uint8Array(32).fill(7))
export const KEYS = [SIGNER.verifier]

/** Small, so that a few entries fill one. */
const SEGMENT_BYTES = 32_768

/** How many entries are put into the journal at once. */
const ENTRIES_AT_ONCE = 512

export function optionsOf(files: SimulatedFiles): SequencerOptions {
  return {
    files,
    origin: ORIGIN,
    signers: () => [SIGNER],
    verifiers: KEYS,
    isHeld: () => true,
    segmentBytes: SEGMENT_BYTES,
  }
}

export const SIZES = [
  0, 1, 254, 255, 256, 257, 511, 512, 513, 65_534, 65_535, 65_536, 65_537,
] as const

export interface Prebuilt {
  /** The entries of every log: each has the first few. */
  readonly tree: PlainTree
  readonly bySize: ReadonlyMap<number, SimulatedFiles>
}

/** One log that grows, and what was on the disk at each size. */
export async function prebuiltLogs(): Promise<Prebuilt> {
  const files = new SimulatedFiles()
  const tree = new PlainTree()
  const bySize = new Map([[0, files.clone()]])
  const sequencer = await Sequencer.open(optionsOf(files))
  for (const size of SIZES) {
    while (tree.entries.length < size) {
      const { length: first } = tree.entries
      const count = Math.min(ENTRIES_AT_ONCE, size - first)
      const items = Array.from({ length: count }, (_, i) =>
        submissionOf(first + i, NUMBERED_BYTES + ((first + i) % 8), 0),
      )
      await sequencer.append(items)
      tree.entries.push(...items.map((item, i) => item.entry(first + i)))
    }
    await sequencer.integrate()
    if (size > 0) bySize.set(size, files.clone())
  }
  return { tree, bySize }
}
