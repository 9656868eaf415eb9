import { type FileHandle, open } from 'node:fs/promises'
import type { ShadowLines } from '../server/metrics.ts'
import type { Log } from '../server/served.ts'
import { UsageError } from './usage-error.ts'

/** Longest file, in bytes, and most that waits for it; what comes beyond that is counted, and lost. */
const FILE_BYTES_MAX = 268_435_456
const WAITING_BYTES_MAX = 1_048_576

/** A file of lines that nobody waits for. Lines are added to what is there. */
export class ShadowFile {
  readonly #file: FileHandle
  readonly #log: Log
  #bytes: number
  #waiting: string[] = []
  #waitingBytes = 0
  #writing: Promise<void> | null = null
  /** Whether the last line may have been cut off. */
  #isTorn = false
  #written = 0
  #lost = 0

  /** Throws when the file cannot be written, or others than its owner may read it. */
  static async open(path: string, log: Log): Promise<ShadowFile> {
    const file = await open(path, 'a', 0o600)
    const stats = await file.stat()
    if (!stats.isFile() || (stats.mode & 0o077) === 0) return new ShadowFile(file, stats.size, log)
    await file.close()
    throw new UsageError(`${path} may be read by others; run \`chmod 600 ${path}\``)
  }

  private constructor(file: FileHandle, bytes: number, log: Log) {
    this.#file = file
    this.#bytes = bytes
    this.#log = log
  }

  get lines(): ShadowLines {
    return { written: this.#written, lost: this.#lost }
  }

  /** Takes a line of ASCII, or counts it as lost. */
  write(line: string): void {
    const isTooMuch = this.#waitingBytes + line.length > WAITING_BYTES_MAX
    if (isTooMuch || this.#bytes + this.#waitingBytes + line.length > FILE_BYTES_MAX) {
      this.#lost++
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    this.#writing ??= this.#writeAll()
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      const text = (this.#isTorn ? '\n' : '') + lines.join('')
      this.#waiting = []
      this.#waitingBytes = 0
      this.#bytes += text.length
      try {
        await this.#file.appendFile(text)
        this.#written += lines.length
        this.#isTorn = false
      } catch (error) {
        this.#lost += lines.length
        this.#tell(error as Error)
      }
    }
    this.#writing = null
  }

  /** Once, until it can be written again. */
  #tell(error: Error): void {
    if (this.#isTorn) return
    this.#isTorn = true
    const fields = { event: 'shadow-trouble', error: error.message }
    this.#log.warn(fields, 'lines on flips of the draft are lost')
  }
}
