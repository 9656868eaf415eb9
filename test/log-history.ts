import { type Random, randomOf } from '../bench/example.ts'
import { Sequencer } from '../src/log/sequencer.ts'
import { below, isLucky, oneOf } from './chance.ts'
import { LogAccount, NUMBERED_BYTES, type Submission, submissionOf } from './log-account.ts'
import { KEYS, ORIGIN, optionsOf, type Prebuilt, SIZES } from './prebuilt-logs.ts'
import type { Call, Fault, SimulatedFiles } from './simulated-files.ts'

// A log that goes through several processes, each of which ends as it may end.

const STEPS_MAX = 10
const ITEMS_MAX = 4

/** What happens to one process and its disk. */
export interface Plan {
  /** What becomes of a call. */
  faultOf(call: Call): Fault | undefined
}

/** A log and what is remembered of it. All that is drawn comes from one seed. */
export class LogHistory {
  readonly account: LogAccount
  readonly random: Random
  files: SimulatedFiles
  #submitted = 0
  /** Whether a fault has come in this life, and whether it was a sync that failed. */
  #isFaulty = false
  #isSyncFailed = false

  constructor(prebuilt: Prebuilt, seed: number, size?: (typeof SIZES)[number]) {
    this.random = randomOf(seed)
    const first = size ?? oneOf(this.random, SIZES)
    this.files = (prebuilt.bySize.get(first) as SimulatedFiles).clone()
    this.account = new LogAccount({ tree: prebuilt.tree, size: first })
  }

  async live(plan: Plan): Promise<void> {
    this.#isFaulty = false
    this.#isSyncFailed = false
    const { files } = this
    files.turns = (): number => 1 + below(this.random, 3)
    files.onCall = (call): Fault | undefined => {
      this.account.observe(files)
      const fault = plan.faultOf(call)
      if (fault === undefined) return undefined
      this.#isFaulty ||= fault.kind !== 'short'
      this.#isSyncFailed ||=
        fault.kind === 'error' && (call.kind === 'sync' || call.kind === 'syncDirectory')
      return fault
    }
    const sequencer = await this.#open()
    if (sequencer) await this.#work(sequencer)
    this.account.observe(files)
    this.#end()
  }

  /** Undefined when a fault came before it was open; nothing else may keep it from being. */
  async #open(): Promise<Sequencer | undefined> {
    try {
      return await Sequencer.open(optionsOf(this.files))
    } catch (error) {
      if (!this.#isFaulty) this.account.violations.push(`it was not opened: ${error}`)
      return undefined
    }
  }

  async #work(sequencer: Sequencer): Promise<void> {
    const tasks: Promise<void>[] = []
    for (let steps = below(this.random, STEPS_MAX); steps >= 0; steps--) {
      const kind = below(this.random, 10)
      if (kind < 6) tasks.push(this.#append(sequencer))
      else if (kind < 8) tasks.push(this.#integrate(sequencer))
      else await Promise.all(tasks.splice(0))
    }
    await Promise.all(tasks)
    if (this.#isSyncFailed) await this.#expectStopped(sequencer)
    if (isLucky(this.random, 0.3)) await this.#attempt('close', () => sequencer.close())
    this.account.settle(sequencer.published.size)
  }

  /** Appends some items, and remembers them when they are acknowledged. */
  async #append(sequencer: Sequencer): Promise<void> {
    const count = 1 + below(this.random, ITEMS_MAX)
    const items = Array.from({ length: count }, () => this.#submission())
    await this.#attempt('append', async () => {
      const first = await sequencer.append(items)
      this.account.acknowledge(first, items)
    })
  }

  #submission(): Submission {
    this.#submitted += 1
    // Numbers of their own, beyond those of what was there before.
    const number = 1_000_000 + this.#submitted
    const [entryBytes, sidecarBytes] = [anyLength(this.random), below(this.random, 600)]
    return submissionOf(number, entryBytes, sidecarBytes)
  }

  async #integrate(sequencer: Sequencer): Promise<void> {
    await this.#attempt('integrate', async () => {
      await sequencer.integrate()
      this.account.settle(sequencer.published.size)
    })
  }

  async #attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!this.#isFaulty) this.account.violations.push(`${what} failed: ${error}`)
    }
  }

  async #expectStopped(sequencer: Sequencer): Promise<void> {
    try {
      await sequencer.append([this.#submission()])
      this.account.violations.push('it went on after a sync that failed')
    } catch (error) {
      const { code } = error as { readonly code?: unknown }
      const isExpected = code === 'stopped' || code === 'POWERED-OFF'
      if (!isExpected) this.account.violations.push(`after a sync that failed: ${error}`)
    }
  }

  /** The process ends, and the power may go with it. */
  #end(): void {
    if (isLucky(this.random, 0.4)) {
      this.files = this.files.kill()
      return
    }
    this.account.losePower()
    this.files = this.files.crash(this.random, oneOf(this.random, ['ordered', 'any']))
  }

  /** Opens it once more, with a disk that does what it is told, and compares. */
  async check(): Promise<readonly string[]> {
    const { files, account } = this
    files.onCall = (): undefined => {
      account.observe(files)
    }
    this.#isFaulty = false
    const sequencer = await this.#open()
    if (!sequencer) return account.violations
    await this.#attempt('the last integrate', () => sequencer.integrate())
    await account.check(files, KEYS, ORIGIN)
    return account.violations
  }
}

/** Mostly short, at times as long as may be, and at times of no bytes at all. */
function anyLength(random: Random): number {
  if (isLucky(random, 0.05)) return oneOf(random, [0, 65_535])
  if (isLucky(random, 0.1)) return NUMBERED_BYTES + below(random, 20_000)
  return NUMBERED_BYTES + below(random, 300)
}
