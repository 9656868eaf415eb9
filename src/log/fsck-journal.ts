import { LogFailure } from './failure.ts'
import type { LogFiles } from './files.ts'
import type { LogUnderCheck } from './fsck-files.ts'
import { type FoundSegment, readSegment, type Segment, segmentsOf } from './journal.ts'
import type { FoundFrame } from './journal-batch.ts'

// The journal beside a log that is checked: read once, in order, a segment at a time.

export class JournalCursor {
  readonly #check: LogUnderCheck
  readonly #files: LogFiles
  readonly #segments: readonly Segment[]
  #next = 0
  #open: Pick<FoundSegment, 'frames'> & { readonly first: number } = { first: 0, frames: [] }

  static async open(check: LogUnderCheck, files: LogFiles): Promise<JournalCursor> {
    const segments = await segmentsOf(files)
    const first = segments[0]?.first ?? 0
    if (first > 0) {
      const where = `${check.log.folder}/journal`
      const message = `it begins with entry ${first}, and the log with entry 0`
      check.findings.fault({ code: 'missing-journal', where, message })
    }
    return new JournalCursor(check, files, segments)
  }

  private constructor(check: LogUnderCheck, files: LogFiles, segments: readonly Segment[]) {
    this.#check = check
    this.#files = files
    this.#segments = segments
  }

  /** What the journal has of an entry; undefined when it has nothing. Indices only grow. */
  async frame(index: number): Promise<FoundFrame | undefined> {
    for (;;) {
      const next = this.#segments[this.#next]
      if (!next || next.first > index) break
      this.#next += 1
      this.#open = { first: next.first, frames: await this.#framesOf(next) }
    }
    return this.#open.frames[index - this.#open.first]
  }

  async #framesOf(segment: Segment): Promise<readonly FoundFrame[]> {
    try {
      const options = { files: this.#files, signedSize: Infinity }
      return (await readSegment(options, segment, this.#segments[this.#next]?.first)).frames
    } catch (error) {
      if (!(error instanceof LogFailure)) throw error
      const where = `${this.#check.log.folder}/${segment.path}`
      const { message } = error
      this.#check.findings.fault({ code: 'damaged-journal', where, message })
      return []
    }
  }
}

const NAME = /^(?:\d{16}\.segment|next|next\.part)$/

/** How far a journal goes; looks at its names and the last segment. Damage is found as entries pass. */
export async function journalEnd(
  { log, findings }: LogUnderCheck,
  files: LogFiles,
): Promise<number> {
  for (const name of await files.list('journal')) {
    if (NAME.test(name)) continue
    const message = 'no journal has a file of this name; remove it'
    findings.fault({ code: 'unexpected-file', where: `${log.folder}/journal/${name}`, message })
  }
  const last = (await segmentsOf(files)).at(-1)
  if (!last) return 0
  try {
    const { frames } = await readSegment({ files, signedSize: Infinity }, last, undefined)
    return last.first + frames.length
  } catch (error) {
    if (error instanceof LogFailure) return last.first
    throw error
  }
}
