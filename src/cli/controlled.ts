import { setTimeout as pause } from 'node:timers/promises'
import { assert } from '../assert.ts'
import type { Bundle } from '../decision/bundle.ts'
import { applyDelta, isDelta } from '../decision/bundle-delta.ts'
import { readBundle } from '../decision/bundle-file.ts'
import { compile } from '../decision/compile.ts'
import { NOTHING } from '../decision/live-register.ts'
import { isNarrowing } from '../decision/narrows.ts'
import type { Digest } from '../digest.ts'
import { type OfferTrust, type OpenOffer, openOffer } from '../log/bundle-offer.ts'
import type { Evidence } from '../log/evidence.ts'
import type { LastTaken } from '../log/publication.ts'
import type { BundleStatus } from '../server/metrics.ts'
import type { Log } from '../server/served.ts'
import { type Instant, printInstantShort } from '../time.ts'
import { sha256 } from './load.ts'
import type { HeardOffer, OfferClient } from './offer-client.ts'

/** Pause before the register is asked again, in milliseconds. */
const RETRY_MS = 500

/** How long it is not told that the register is lost for another reason than was told, in milliseconds. */
const TELL_MS = 10_000

export interface ControlledOptions extends OfferTrust {
  readonly client: OfferClient
  readonly evidence: Pick<Evidence, 'publish' | 'keepSerial'>
  /** What this decision point has used last, before it was started anew. */
  readonly last: Pick<LastTaken, 'serial' | 'issuedAt'> | undefined
  readonly clock: () => Instant
  readonly log: Log
}

/** A bundle as it may be used. */
interface Held {
  readonly bundle: Bundle
  /** The bundle that the governance log says is published: the same, or one that allows more. */
  readonly published: Bundle
  readonly issuedAt: Instant
  /** When the lease came and how long it is, by the clock that never goes back, in milliseconds. */
  readonly leasedAt: number
  readonly leaseMs: number
}

/** The bundle of a register elsewhere: used as far as the register's key and its governance log say that it may be. */
export class Controlled {
  readonly #options: ControlledOptions
  readonly #nothing: Bundle
  readonly #stopping = new AbortController()
  readonly #following: Promise<void>
  #held: Held | undefined
  #loadedAt: Instant
  #isHeard = false
  /** Why the register was said to be lost the last time, and when, by the clock that never goes back. */
  #told = { message: '', at: Number.NEGATIVE_INFINITY }
  /** Whether the last lease was over when it came. */
  #isAhead = false
  #offersRefused = 0
  /** Why the last offer was refused; null: it was not. */
  #refused: string | null = null

  constructor(options: ControlledOptions) {
    this.#options = options
    assert(NOTHING.ok, 'no documents have no errors')
    this.#nothing = compile({ ...NOTHING.value, contracts: [] }, sha256)
    this.#loadedAt = options.clock()
    this.#following = this.#follow()
  }

  /** Before a bundle was taken nothing is decided. */
  get lacks(): 'no-bundle' | null {
    return this.#held === undefined ? 'no-bundle' : null
  }

  get status(): BundleStatus {
    return {
      bundle: this.#bundle,
      loadedAt: this.#loadedAt,
      reloadsRefused: this.#offersRefused,
      isCurrent: this.#refused === null,
      control: this.#isHeard ? 'connected' : 'lost',
    }
  }

  get #bundle(): Bundle {
    if (this.#held === undefined) return this.#nothing
    const { bundle, leasedAt, leaseMs } = this.#held
    // A wall clock that is set back lengthens no lease (semantics §10.3).
    return performance.now() - leasedAt < leaseMs ? bundle : { ...bundle, validUntil: 0 }
  }

  /**
   * The clock to decide by: never behind the register's, as the lease says it. What the register says holds from an instant
   * would otherwise not hold yet where the clock is slow or was set back.
   */
  now(): Instant {
    const own = this.#options.clock()
    if (this.#held === undefined) return own
    const { issuedAt, leasedAt } = this.#held
    return Math.max(own, issuedAt + Math.floor(performance.now() - leasedAt))
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await this.#following
  }

  /** Listens, and asks too: what is pushed may be held up on the way. */
  async #follow(): Promise<void> {
    const { client } = this.#options
    const { signal } = this.#stopping
    const take = (heard: HeardOffer): Promise<void> => this.#hear(heard)
    while (!signal.aborted) {
      await this.#tried(() => client.hear(this.#held?.bundle.digest, take, signal))
      await this.#tried(async () => await this.#hear(await client.offer()))
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  async #tried(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      this.#lose(error as Error)
    }
  }

  /** Tells that the register is lost, and later when that has another reason. */
  #lose(error: Error): void {
    const { message, at } = this.#told
    const now = performance.now()
    if (this.#isHeard || (error.message !== message && now - at >= TELL_MS)) {
      this.#tell('control-lost', error)
      this.#told = { message: error.message, at: now }
    }
    this.#isHeard = false
  }

  #tell(event: string, { message, cause }: Error): void {
    const error = cause instanceof Error ? `${message}: ${cause.message}` : message
    this.#options.log.warn({ event, error }, 'the register is not heard, or not believed')
  }

  async #hear(heard: HeardOffer): Promise<void> {
    const heardAt = performance.now()
    this.#isHeard = true
    try {
      const opened = await openOffer(heard, this.#options)
      if (!opened.ok) throw new RefusedOffer(opened.error.message)
      await this.#take(opened.value, heard.delta, heardAt)
      this.#refused = null
    } catch (error) {
      // Not a register that is away: one that says what may not be believed.
      this.#offersRefused++
      if (this.#refused !== (error as Error).message) this.#tell('offer-refused', error as Error)
      this.#refused = (error as Error).message
    }
  }

  async #take(
    { lease, publication }: OpenOffer,
    delta: string | undefined,
    heardAt: number,
  ): Promise<void> {
    const { serial, issuedAt, validUntil } = lease
    const before = this.#held
    // A lease that is heard again goes on from when it was heard first.
    const leasedAt = before?.issuedAt === issuedAt ? before.leasedAt : heardAt
    const last = before ? { ...before, serial: before.bundle.serial } : this.#options.last
    const lastSerial = last?.serial ?? 0
    if (serial < lastSerial) {
      throw new RefusedOffer(`its serial is ${serial}, and one of ${lastSerial} was in use before`)
    }
    if (issuedAt < (last?.issuedAt ?? 0)) {
      throw new RefusedOffer('the lease is older than one that was in use before')
    }
    const content = await this.#bundleOf(lease.bundle, delta)
    const isPublished = lease.bundle === publication.bundle
    const published = isPublished ? content : await this.#bundleOf(publication.bundle, undefined)
    if (!isNarrowing(published, content)) {
      throw new RefusedOffer('it allows more than the bundle that is published')
    }
    const bundle = { ...content, serial, issuedAt, validUntil }
    const leaseMs = Math.max(0, validUntil - issuedAt)
    const held = { bundle, published, issuedAt, leasedAt, leaseMs }
    // What allows less is logged when it is in use, and all else before (semantics §13.1).
    const isLess = before !== undefined && isNarrowing(before.bundle, bundle)
    if (isLess) this.#use(held)
    const { documents, publisher } = publication
    const taken = { bundle: bundle.digest, serial, documents, publisher, at: this.#options.clock() }
    if (bundle.digest !== before?.bundle.digest) {
      await this.#options.evidence.publish(taken, issuedAt)
    } else if (serial > lastSerial) {
      // The register's log has come to tell of a stop that was taken before.
      await this.#options.evidence.keepSerial(taken, issuedAt)
    }
    if (!isLess) this.#use(held)
    this.#compareClocks(validUntil)
  }

  /** A clock that is ahead of the register's ends leases as they come. */
  #compareClocks(validUntil: Instant): void {
    const isAhead = this.#options.clock() >= validUntil
    if (isAhead && !this.#isAhead) {
      const fields = { event: 'lease-over', validUntil: printInstantShort(validUntil) }
      this.#options.log.warn(fields, 'the clock here is ahead of the register’s: exceptions stop')
    }
    this.#isAhead = isAhead
  }

  #use(held: Held): void {
    const { digest, serial } = held.bundle
    const before = this.#held?.bundle
    this.#held = held
    if (before?.digest === digest && before.serial === serial) return
    this.#loadedAt = this.#options.clock()
    const fields = { event: 'bundle-taken', digest, serial }
    this.#options.log.info(fields, 'took what the register offers')
  }

  /** A bundle by its digest: held already, made by what has changed, or asked for. */
  async #bundleOf(digest: Digest, delta: string | undefined): Promise<Bundle> {
    const held = this.#held
    for (const one of held ? [held.bundle, held.published] : []) {
      if (one.digest === digest) return one
    }
    const made = held && delta !== undefined ? applyDelta(held.bundle, delta, sha256) : undefined
    if (made?.ok && made.value.digest === digest) return made.value
    const text = await this.#options.client.bundle(digest, held?.bundle.digest)
    const read =
      held && isDelta(text) ? applyDelta(held.bundle, text, sha256) : readBundle(text, sha256)
    if (!read.ok) throw new RefusedOffer(read.error.message)
    if (read.value.digest === digest) return read.value
    throw new RefusedOffer('the register gives another bundle than the one that it offers')
  }
}

/** An offer that may not be believed, or not be used. */
class RefusedOffer extends Error {
  constructor(why: string) {
    super(`the bundle that is offered is refused: ${why}`)
  }
}
