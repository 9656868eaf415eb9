import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Bundle } from '../decision/bundle.ts'
import type { Decision } from '../decision/decision.ts'
import type { Flip } from '../decision/replayed.ts'
import type { Instant } from '../time.ts'

/** Most customers that are counted by name; those seen after them are counted together. */
const CUSTOMERS_MAX = 1_000

const OTHER = 'other'

/** Bounds of the latency histogram, in seconds. */
const BUCKETS = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25]

/** How often it is looked how late the event loop is, in milliseconds: each look wakes a server that is idle. */
const EVENT_LOOP_LOOK_MS = 100

export type Route = 'evaluation' | 'evaluations' | 'search'
export type Refusal =
  | 'unauthorized'
  | 'forbidden'
  | 'rate-limited'
  | 'busy'
  | 'malformed'
  | 'internal'

/** What a draft decides of a request that was answered: the same, otherwise, or nothing. */
export type ShadowResult = Flip | 'agreed' | 'failed'

/** Lines on flips: those that are in the file, and those that it did not take. */
export interface ShadowLines {
  readonly written: number
  readonly lost: number
}

/** What the metrics say of a draft that judges beside the bundle in use. */
export interface ShadowStatus {
  readonly draft: Bundle
  readonly lines: ShadowLines
}

/** What the metrics say of the bundle in use. */
export interface BundleStatus {
  readonly bundle: Bundle
  readonly loadedAt: Instant
  /** Sets of changes that were refused since the start. */
  readonly reloadsRefused: number
  /** Whether the directory as it stands, or what a register offers, is what is in use. */
  readonly isCurrent: boolean
  /** Whether the register that the bundle comes from is heard; absent where it comes from none elsewhere. */
  readonly control?: 'connected' | 'lost'
}

/** Counters by one or two labels, added up where they are scraped: a decision only adds to a number. */
class Tally {
  /** Each in a box of its own, so that counting on looks a label up once. */
  readonly #counts = new Map<string, { count: number }>()

  add(label: string): void {
    const known = this.#counts.get(label)
    if (known) known.count++
    else this.#counts.set(label, { count: 1 })
  }

  has(label: string): boolean {
    return this.#counts.has(label)
  }

  get size(): number {
    return this.#counts.size
  }

  entries(): Iterable<[string, { readonly count: number }]> {
    return this.#counts
  }
}

/** A customer's own label, while there are few enough of them. */
function labelOf(tally: Tally, customer: string, isKnown: boolean): string {
  const isNamed = isKnown && (tally.has(customer) || tally.size < CUSTOMERS_MAX)
  return isNamed ? customer : OTHER
}

/** What a decision point counts, for Prometheus (docs/serve.md). No label holds what a request said. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #outcomes = new Tally()
  readonly #restrictions = new Tally()
  readonly #customers = new Tally()
  readonly #exceptions = new Tally()
  readonly #refusals = new Tally()
  readonly #shadowed = new Tally()
  readonly #shadowFlips = new Tally()
  readonly #keys = new Map<string, number>()
  #unauthorized = 0
  readonly #latency: Histogram<'route'>

  /** `shadow` is null where no draft judges. */
  constructor(
    status: () => BundleStatus,
    clock: () => Instant,
    shadow: (() => ShadowStatus) | null = null,
  ) {
    const registers = [this.#registry]
    collectDefaultMetrics({
      register: this.#registry,
      eventLoopMonitoringPrecision: EVENT_LOOP_LOOK_MS,
    })
    this.#count('proviso_decisions_total', 'Decisions by outcome.', 'outcome', this.#outcomes)
    this.#count(
      'proviso_restrictions_triggered_total',
      'Decisions that a restriction asked about.',
      'restriction',
      this.#restrictions,
    )
    this.#count(
      'proviso_customer_decisions_total',
      'Decisions by customer with a contract; the rest and those past the bound are `other`.',
      'customer',
      this.#customers,
    )
    this.#count(
      'proviso_customer_exceptions_total',
      'Permits under an exception by customer.',
      'customer',
      this.#exceptions,
    )
    this.#count(
      'proviso_requests_refused_total',
      'HTTP requests that got no decision, by reason.',
      'reason',
      this.#refusals,
    )
    this.#latency = new Histogram({
      name: 'proviso_answer_seconds',
      help: 'From a request read whole to its answer written, in seconds.',
      labelNames: ['route'],
      buckets: BUCKETS,
      registers,
    })
    this.#gaugesOf(status, clock)
    if (shadow !== null) this.#countShadow(shadow)
  }

  decided({ outcome, triggered }: Decision, customer: string, isKnown: boolean): void {
    this.#outcomes.add(outcome)
    for (let i = 0; i < triggered.length; i++) this.#restrictions.add(triggered[i] as string)
    const label = labelOf(this.#customers, customer, isKnown)
    this.#customers.add(label)
    if (outcome === 'permit-under-exception') this.#exceptions.add(label)
  }

  /** A draft has judged what was answered. */
  shadowed(result: ShadowResult, customer: string, isKnown: boolean): void {
    this.#shadowed.add(result)
    if (result === 'agreed' || result === 'failed') return
    this.#shadowFlips.add(labelOf(this.#shadowFlips, customer, isKnown))
  }

  refused(reason: Refusal): void {
    this.#refusals.add(reason)
    if (reason === 'unauthorized') this.#unauthorized++
  }

  /** A key was used, by its id. */
  asked(key: string): void {
    this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1)
  }

  /** How often each key was used, and none or a wrong one, since this was last called. */
  takeKeyUse(): {
    readonly asked: Readonly<Record<string, number>>
    readonly unauthorized: number
  } {
    const use = { asked: Object.fromEntries(this.#keys), unauthorized: this.#unauthorized }
    this.#keys.clear()
    this.#unauthorized = 0
    return use
  }

  answered(route: Route, seconds: number): void {
    this.#latency.observe({ route }, seconds)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  print(): Promise<string> {
    return this.#registry.metrics()
  }

  #count(name: string, help: string, label: string, tally: Tally): void {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect(): void {
        this.reset()
        for (const [value, { count }] of tally.entries()) this.inc({ [label]: value }, count)
      },
    })
  }

  #countShadow(shadow: () => ShadowStatus): void {
    this.#count(
      'proviso_shadow_decisions_total',
      'Answered decisions that the draft judged too, by what it came to.',
      'result',
      this.#shadowed,
    )
    this.#count(
      'proviso_shadow_customer_flips_total',
      'Decisions that the draft flips, by customer.',
      'customer',
      this.#shadowFlips,
    )
    new Counter({
      name: 'proviso_shadow_lines_total',
      help: 'Lines on flips that the file took, and those that it did not.',
      labelNames: ['fate'],
      registers: [this.#registry],
      collect(): void {
        this.reset()
        const { written, lost } = shadow().lines
        this.inc({ fate: 'written' }, written)
        this.inc({ fate: 'lost' }, lost)
      },
    })
    new Gauge({
      name: 'proviso_shadow_info',
      help: 'The digest of the draft.',
      labelNames: ['digest'],
      registers: [this.#registry],
      collect(): void {
        this.reset()
        this.set({ digest: shadow().draft.digest }, 1)
      },
    })
  }

  #gaugesOf(status: () => BundleStatus, clock: () => Instant): void {
    const gauge = (name: string, help: string, value: () => number): void => {
      new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect(): void {
          this.set(value())
        },
      })
    }
    gauge('proviso_bundle_serial', 'Serial of the bundle in use.', () => status().bundle.serial)
    gauge('proviso_bundle_age_seconds', 'Since the bundle in use was taken.', () => {
      return (clock() - status().loadedAt) / 1_000
    })
    gauge('proviso_bundle_customers', 'Customers in the bundle.', () => {
      return status().bundle.customers.size
    })
    gauge('proviso_bundle_lease_seconds', 'Until exceptions stop; +Inf without a lease.', () => {
      const { validUntil } = status().bundle
      return validUntil === null ? Infinity : (validUntil - clock()) / 1_000
    })
    gauge('proviso_directory_current', '1 when what is served is what stands there.', () =>
      status().isCurrent ? 1 : 0,
    )
    gauge('proviso_directory_refused', 'Sets of changes refused since the start.', () => {
      return status().reloadsRefused
    })
    new Gauge({
      name: 'proviso_bundle_info',
      help: 'The digest of the bundle in use.',
      labelNames: ['digest'],
      registers: [this.#registry],
      collect(): void {
        this.reset()
        this.set({ digest: status().bundle.digest }, 1)
      },
    })
  }
}
