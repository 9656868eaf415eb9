import { assert } from '../assert.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { Bundle } from '../decision/bundle.ts'
import { type Digest, digestOf } from '../digest.ts'
import { type BundleOffer, printOffer } from '../log/bundle-offer.ts'
import type { Evidence, ShownEntry } from '../log/evidence.ts'
import { printVerifier } from '../log/key.ts'
import { LEASE_MS_MAX, signLease } from '../log/lease.ts'
import { type Publication, printPublication } from '../log/publication.ts'
import type { Signer } from '../log/signer.ts'
import { indexBelow } from '../store/events.ts'
import { type Listening, listen } from '../store/listen.ts'
import type { Instant } from '../time.ts'
import type { BundleStatus } from './metrics.ts'
import { RegisterLog } from './register-log.ts'
import { type Made, type Making, madeSince, makeAll, stoppedAtOnce } from './register-made.ts'
import type { Log } from './served.ts'
import { Turns } from './turns.ts'

/** How often a bundle that is used gets a new lease, in milliseconds (semantics §10.3). */
const RENEW_MS = 15_000

/** How often it is looked for what happens by the clock, or waits for witnesses, in milliseconds. */
const LOOK_MS = 1_000

export interface RegisterBundleParts extends Making {
  readonly evidence: Evidence
  /** The key that signs leases. */
  readonly publisher: Signer
  readonly log: Log
}

/** What the governance log says of a bundle. */
interface Published extends Publication {
  readonly index: number
}

/** What is made and published, and not in use before everybody may see that. */
interface Next {
  readonly made: Made
  readonly published: Published
}

/** What decision points are offered. */
export interface Offered {
  readonly offer: BundleOffer
  readonly bundle: Bundle
  /** The bundle that the governance log says is published: the same, or one that allows more. */
  readonly published: Bundle
}

/**
 * The bundle of a register as it goes on. One turn at a time logs what has happened, makes a bundle of what has become
 * known, publishes it, and uses it once that is known, too. Stops and suspensions wait for none of that.
 */
export class RegisterBundle {
  readonly #parts: RegisterBundleParts
  readonly #registerLog: RegisterLog
  readonly #stops = new Turns(() => this.#tried(() => this.#alone(() => this.#stopAtOnce())))
  readonly #turns = new Turns(() => this.#tried(() => this.#takeTurn()))
  readonly #timer: NodeJS.Timeout
  readonly #listening: Listening
  readonly #listeners = new Set<() => void>()
  /** What is in use. Only what is done alone replaces it. */
  #made: Made
  #published: Published
  #publishedBundle: Bundle
  /** What shows that it is published; undefined while witnesses have not let everybody see it. */
  #shown: ShownEntry | undefined
  #next: Next | undefined
  /** Bundles that were used before the log said anything of them, and of which it does not say so yet. */
  readonly #unlogged = new Set<Digest>()
  #bundle: Bundle
  #offered: Offered | undefined
  #offeredAt: Instant = 0
  /** By the clock that never goes back, in milliseconds. */
  #leasedAt = 0
  #loadedAt: Instant
  #doneAlone: Promise<unknown> = Promise.resolve()

  static async open(parts: RegisterBundleParts): Promise<RegisterBundle> {
    const registerLog = new RegisterLog(parts)
    await registerLog.takeAll()
    const made = await makeAll(parts, await parts.evidence.makeKnown())
    const published = await publish(parts, made)
    await parts.evidence.makeKnown()
    const opened = new RegisterBundle(parts, registerLog, { made, published })
    await opened.#alone(() => opened.#take({ made, published }))
    await opened.#show()
    return opened
  }

  private constructor(
    parts: RegisterBundleParts,
    registerLog: RegisterLog,
    { made, published }: Next,
  ) {
    this.#parts = parts
    this.#registerLog = registerLog
    this.#made = made
    this.#published = published
    this.#publishedBundle = made.live.bundle
    this.#bundle = made.live.bundle
    this.#loadedAt = parts.clock()
    this.#timer = setInterval(() => this.wake(), LOOK_MS)
    this.#listening = listen(parts.database, 0, () => this.wake())
  }

  /** Before any policy is published nothing is decided. */
  get lacks(): 'no-policy' | null {
    return this.#made.version === undefined ? 'no-policy' : null
  }

  get status(): BundleStatus {
    const { leftOut } = this.#made.live
    const isOver = performance.now() - this.#leasedAt >= LEASE_MS_MAX
    // A wall clock that is set back lengthens no lease (semantics §10.3).
    const bundle = isOver ? { ...this.#bundle, validUntil: 0 } : this.#bundle
    return {
      bundle,
      loadedAt: this.#loadedAt,
      reloadsRefused: leftOut.length,
      isCurrent: leftOut.length === 0,
    }
  }

  /** What decision points may use now; undefined while there is nothing that they would believe. */
  get offered(): Offered | undefined {
    return this.lacks === null ? this.#offered : undefined
  }

  /** Tells whenever something else is offered, until what this returns is called. */
  onOffered(tell: () => void): () => void {
    this.#listeners.add(tell)
    return (): void => void this.#listeners.delete(tell)
  }

  /** Looks soon what has happened. */
  wake(): void {
    void this.#stops.ask()
    void this.#turns.ask()
  }

  /** Done when all that had happened when this was asked is taken, as far as it is known. */
  async settled(): Promise<void> {
    await Promise.all([this.#stops.ask(), this.#turns.ask()])
  }

  async #tried(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      const fields = { event: 'register-behind', error: (error as Error).message }
      this.#parts.log.warn(fields, 'what has happened is not all in the bundle; tried again')
    }
  }

  /** One after the other: what is read of the database is not overtaken by what was read before. */
  #alone(act: () => Promise<void>): Promise<void> {
    const done = this.#doneAlone.then(act)
    this.#doneAlone = done.catch(() => undefined)
    return done
  }

  /** Takes stops and suspensions before the log has made them known, under the lease that there is. */
  async #stopAtOnce(): Promise<void> {
    const made = await stoppedAtOnce(this.#parts, this.#made)
    if (made === this.#made) return
    this.#made = made
    this.#unlogged.add(made.live.bundle.digest)
    const { serial, issuedAt, validUntil } = this.#bundle
    this.#use({ ...made.live.bundle, serial, issuedAt, validUntil })
  }

  async #takeTurn(): Promise<void> {
    const { evidence } = this.#parts
    await this.#registerLog.takeAll()
    await this.#logUsed()
    const size = await evidence.makeKnown()
    const wasWaiting = this.#next !== undefined
    this.#next ??= await this.#prepared(size)
    const next = this.#next
    if (next && next.published.index < (await evidence.makeKnown())) {
      await this.#alone(() => this.#take(next))
      this.#next = undefined
      // What has happened while witnesses were waited for.
      if (wasWaiting) void this.#turns.ask()
    }
    await this.#show()
    // Only now: while the log cannot be written no lease is given (semantics §13.1).
    if (performance.now() - this.#leasedAt >= RENEW_MS) this.#use(this.#leased())
  }

  /** Logs what was used at once: the entry follows (semantics §13.1). */
  async #logUsed(): Promise<void> {
    const { evidence, clock } = this.#parts
    for (const bundle of this.#unlogged) {
      await evidence.state([printPublication({ ...this.#published, bundle, at: clock() })])
      this.#unlogged.delete(bundle)
    }
  }

  /** What is to be in use next; undefined when that is what is in use. */
  async #prepared(size: number): Promise<Next | undefined> {
    const made = await madeSince(this.#parts, this.#made, size)
    if (made === this.#made) return undefined
    const isPublished = made.live.bundle.digest === this.#published.bundle
    return { made, published: isPublished ? this.#published : await publish(this.#parts, made) }
  }

  /** Uses what was made, and of stops and suspensions also what was not known then. */
  async #take({ made, published }: Next): Promise<void> {
    const isOther = published !== this.#published
    const shown = isOther ? await this.#parts.evidence.shownEntry(published.index) : this.#shown
    this.#made = await stoppedAtOnce(this.#parts, made)
    if (this.#made !== made) this.#unlogged.add(this.#made.live.bundle.digest)
    // From here on nothing is waited for: no offer is of one bundle with what shows that another is published.
    this.#shown = shown
    this.#published = published
    this.#publishedBundle = made.live.bundle
    const { live } = this.#made
    if (!isOther && live.bundle.digest === this.#bundle.digest && this.#leasedAt > 0) return
    this.#use(this.#leased())
    const { digest, serial } = this.#bundle
    const fields = { event: 'bundle-taken', digest, serial, customers: live.bundle.customers.size }
    this.#parts.log.info(fields, 'took what has happened')
  }

  /** Finds what shows everybody that the bundle is published. */
  async #show(): Promise<void> {
    if (this.#shown !== undefined) return
    this.#shown = await this.#parts.evidence.shownEntry(this.#published.index)
    if (this.#shown !== undefined && this.#leasedAt > 0) this.#offer()
  }

  #leased(): Bundle {
    this.#leasedAt = performance.now()
    const issuedAt = this.#parts.clock()
    const { serial } = this.#published
    return { ...this.#made.live.bundle, serial, issuedAt, validUntil: issuedAt + LEASE_MS_MAX }
  }

  #use(bundle: Bundle): void {
    if (bundle.digest !== this.#bundle.digest) this.#loadedAt = this.#parts.clock()
    this.#bundle = bundle
    this.#offer()
  }

  #offer(): void {
    if (this.#shown === undefined) return
    const { digest, serial, validUntil: end } = this.#bundle
    assert(end !== null, 'what is used is leased')
    const { publisher, clock } = this.#parts
    const { index: entry } = this.#published
    // Of two offers the later one is known by that, also when the clock is set back.
    this.#offeredAt = Math.max(clock(), this.#offeredAt + 1)
    // Nor does what is offered once more under a lease lengthen it then.
    const left = LEASE_MS_MAX - Math.floor(performance.now() - this.#leasedAt)
    const validUntil = Math.min(end, this.#offeredAt + left)
    const lease = { bundle: digest, serial, issuedAt: this.#offeredAt, validUntil, entry }
    const offer = printOffer(signLease(lease, publisher), this.#shown)
    this.#offered = { offer, bundle: this.#bundle, published: this.#publishedBundle }
    for (const tell of this.#listeners) tell()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#listening.stop()
    await Promise.all([this.#stops.ended, this.#turns.ended])
  }
}

/** Logs that a bundle is published; answers where. */
async function publish(
  { evidence, database, clock, sha256, publisher }: RegisterBundleParts,
  { live, size, version }: Made,
): Promise<Published> {
  const serial = (await indexBelow(database.db, size)) + 1
  const documents = digestOf(sha256(canonicalJson({ size, version: version?.digest ?? null })))
  const publication = {
    bundle: live.bundle.digest,
    serial,
    documents,
    publisher: printVerifier(publisher.verifier),
    at: clock(),
  }
  return { ...publication, index: await evidence.state([printPublication(publication)]) }
}
