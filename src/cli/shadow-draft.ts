import type { Metrics, ShadowStatus } from '../server/metrics.ts'
import type { Log } from '../server/served.ts'
import { type Shadow, shadowOf } from '../server/shadow.ts'
import type { Instant } from '../time.ts'
import type { Arguments } from './command.ts'
import { Live } from './live.ts'
import { ShadowFile } from './shadow-file.ts'
import { UsageError } from './usage-error.ts'

/** The draft that `serve --shadow` judges by beside what it serves, and the file of `--shadow-out`. */
export class ShadowDraft {
  readonly #live: Live
  readonly #file: ShadowFile | null

  /** Null where no draft is asked for. Refuses to begin with a wrong one. */
  static async open(args: Arguments, clock: () => Instant, log: Log): Promise<ShadowDraft | null> {
    const path = args.text('shadow')
    const out = args.text('shadow-out')
    if (path === undefined) {
      if (out === undefined) return null
      throw new UsageError('--shadow-out goes only with --shadow DIR')
    }
    // Nobody has to have signed a draft: it lets nothing through.
    const source = { path, publisher: null, lastSerial: 0 }
    const publish = (): Promise<void> => Promise.resolve()
    const live = await Live.open({ ...source, clock, log: ofShadow(log), publish })
    try {
      return new ShadowDraft(live, out === undefined ? null : await ShadowFile.open(out, log))
    } catch (error) {
      live.close()
      throw error
    }
  }

  private constructor(live: Live, file: ShadowFile | null) {
    this.#live = live
    this.#file = file
  }

  get status(): ShadowStatus {
    const lines = this.#file?.lines ?? { written: 0, lost: 0 }
    return { draft: this.#live.status.bundle, lines }
  }

  shadow(metrics: Metrics): Shadow {
    const draft = (): ShadowStatus['draft'] => this.#live.status.bundle
    return shadowOf({ draft, metrics, write: (line) => this.#file?.write(line) })
  }

  async close(): Promise<void> {
    this.#live.close()
    await this.#file?.close()
  }
}

/** Says of each line that it is about the draft. */
function ofShadow(log: Log): Log {
  return {
    info: (fields, message) => log.info({ ...fields, shadow: true }, message),
    warn: (fields, message) => log.warn({ ...fields, shadow: true }, message),
    error: (fields, message) => log.error({ ...fields, shadow: true }, message),
  }
}
