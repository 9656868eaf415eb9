import { canonicalJson } from '../canonical-json.ts'
import type { Contract } from '../contract/contract.ts'
import { AT_ONCE } from '../contract/fold-contract.ts'
import type { Bundle } from '../decision/bundle.ts'
import type { ContractChange } from '../decision/compile.ts'
import { LiveRegister, NOTHING, readTexts } from '../decision/live-register.ts'
import { digestOf, type Sha256 } from '../digest.ts'
import type { Evidence } from '../log/evidence.ts'
import { type ProviderRegister, type Version, versionAt } from '../review/provider-register.ts'
import type { Database } from '../store/database.ts'
import { indexBelow, thingsSince, unknownOfTypes } from '../store/events.ts'
import { type Listening, listen } from '../store/listen.ts'
import type { Instant } from '../time.ts'
import type { BundleStatus } from './metrics.ts'
import { contractKnown, contractsKnown, providerKnown } from './register-known.ts'
import { RegisterLog } from './register-log.ts'
import type { Log } from './served.ts'

/** How long a bundle may be used without a new lease, and how often it gets one, in milliseconds (semantics §10.3). */
const LEASE_MS = 60_000
const RENEW_MS = 15_000

/** How often it is looked for what happens by the clock, or waits for witnesses, in milliseconds. */
const LOOK_MS = 1_000

export interface RegisterBundleParts {
  readonly database: Database
  readonly evidence: Evidence
  readonly clock: () => Instant
  readonly sha256: Sha256
  readonly log: Log
}

/** What a bundle is made of. */
interface Made {
  readonly live: LiveRegister
  /** Entries of the governance log that were known. */
  readonly size: number
  readonly register: ProviderRegister
  /** The version of the policy; undefined: none is published. */
  readonly version: Version | undefined
}

/**
 * The bundle of a register as it goes on: made of what the governance log has made known, and of stops and suspensions at
 * once (semantics §13.1). One turn at a time looks what has happened, logs it, and takes what has become known.
 */
export class RegisterBundle {
  readonly #parts: RegisterBundleParts
  readonly #registerLog: RegisterLog
  #made: Made
  #bundle: Bundle
  #serial = 0
  /** The digest of the bundle whose publication was logged last. */
  #published: string | undefined
  /** By the clock that never goes back, in milliseconds. */
  #leasedAt: number
  #loadedAt: Instant
  #turn: Promise<void> = Promise.resolve()
  #isAsked = false
  readonly #timer: NodeJS.Timeout
  readonly #listening: Listening

  static async open(parts: RegisterBundleParts): Promise<RegisterBundle> {
    const registerLog = new RegisterLog(parts)
    await registerLog.takeAll()
    const made = await makeAll(parts, await parts.evidence.makeKnown())
    const opened = new RegisterBundle(parts, registerLog, made)
    await opened.#publish()
    return opened
  }

  private constructor(parts: RegisterBundleParts, registerLog: RegisterLog, made: Made) {
    this.#parts = parts
    this.#registerLog = registerLog
    this.#made = made
    this.#loadedAt = parts.clock()
    this.#leasedAt = performance.now()
    this.#bundle = this.#leased()
    this.#timer = setInterval(() => this.wake(), LOOK_MS)
    this.#listening = listen(parts.database, 0, () => this.wake())
  }

  /** Whether any policy is published: nothing is decided before. */
  get isFounded(): boolean {
    return this.#made.version !== undefined
  }

  get status(): BundleStatus {
    const { leftOut } = this.#made.live
    const isOver = performance.now() - this.#leasedAt >= LEASE_MS
    // A wall clock that is set back lengthens no lease (semantics §10.3).
    const bundle = isOver ? { ...this.#bundle, validUntil: 0 } : this.#bundle
    return {
      bundle,
      loadedAt: this.#loadedAt,
      reloadsRefused: leftOut.length,
      isCurrent: leftOut.length === 0,
    }
  }

  /** Looks soon what has happened. */
  wake(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    this.#turn = this.#turn.then(async () => {
      this.#isAsked = false
      try {
        await this.#takeTurn()
      } catch (error) {
        const fields = { event: 'register-behind', error: (error as Error).message }
        this.#parts.log.warn(fields, 'what has happened is not all in the bundle; tried again')
      }
    })
  }

  /** Done when all that had happened when this was asked is taken, as far as it is known. */
  async settled(): Promise<void> {
    this.wake()
    await this.#turn
  }

  async #takeTurn(): Promise<void> {
    const { evidence } = this.#parts
    await this.#stopAtOnce()
    await this.#registerLog.takeAll()
    const size = await evidence.makeKnown()
    await this.#take(size)
    // Only now: while the log cannot be written no lease is given (semantics §13.1).
    if (performance.now() - this.#leasedAt >= RENEW_MS) this.#bundle = this.#leased()
  }

  /** Takes stops and suspensions before the log has made them known. */
  async #stopAtOnce(): Promise<void> {
    const { db } = this.#parts.database
    const ids = await unknownOfTypes(db, [...AT_ONCE], this.#made.size)
    if (ids.length === 0) return
    const before = this.#made.live.bundle.digest
    await this.#changeContracts(ids, this.#made.size)
    if (this.#made.live.bundle.digest !== before) this.#bundle = this.#sameLease()
  }

  async #take(size: number): Promise<void> {
    const { database, clock } = this.#parts
    const { version } = this.#made
    const things = size === this.#made.size ? [] : await thingsSince(database.db, this.#made.size)
    const isOther = versionAt(this.#made.register, clock())?.digest !== version?.digest
    if (isOther || things.some(({ stream }) => stream === 'provider')) {
      this.#made = await makeAll(this.#parts, size)
    } else {
      const ids = things.flatMap(({ stream, id }) => (stream === 'contract' ? [id] : []))
      await this.#changeContracts(ids, size)
      this.#made = { ...this.#made, size }
    }
    // Also what was taken at once, and what a failure has kept from being published.
    const { digest } = this.#made.live.bundle
    if (digest !== this.#published) await this.#publish()
    // What was stopped at once may be what it was before, once all is known.
    else if (digest !== this.#bundle.digest) this.#bundle = this.#sameLease()
  }

  async #changeContracts(ids: readonly string[], size: number): Promise<void> {
    const { db } = this.#parts.database
    const changes = await Promise.all(
      ids.map(async (id): Promise<ContractChange[]> => {
        const contract = await contractKnown(db, id, size)
        return contract ? [changeOf(contract)] : []
      }),
    )
    if (changes.length > 0) this.#made.live.change(changes.flat())
  }

  /** Logs that the bundle is published, and takes it. */
  async #publish(): Promise<void> {
    const { evidence, database, clock, sha256, log } = this.#parts
    const { live, size, version } = this.#made
    const serial = (await indexBelow(database.db, size)) + 1
    const documents = digestOf(sha256(canonicalJson({ size, version: version?.digest ?? null })))
    const { digest } = live.bundle
    await evidence.publish({ bundle: digest, serial, documents, publisher: null, at: clock() })
    this.#published = digest
    this.#serial = serial
    this.#bundle = this.#leased()
    this.#loadedAt = clock()
    log.info(
      { event: 'bundle-taken', digest, serial, customers: live.bundle.customers.size },
      'took what has happened',
    )
  }

  #leased(): Bundle {
    this.#leasedAt = performance.now()
    const issuedAt = this.#parts.clock()
    const serial = this.#serial
    return { ...this.#made.live.bundle, serial, issuedAt, validUntil: issuedAt + LEASE_MS }
  }

  #sameLease(): Bundle {
    const { serial, issuedAt, validUntil } = this.#bundle
    return { ...this.#made.live.bundle, serial, issuedAt, validUntil }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#listening.stop()
    await this.#turn
  }
}

/** Makes everything anew of what is known. */
async function makeAll(parts: RegisterBundleParts, size: number): Promise<Made> {
  const { database, clock, sha256 } = parts
  const register = await providerKnown(database.db, size)
  const version = versionAt(register, clock())
  const read = version ? readTexts({ ...version, models: register.models }) : NOTHING
  if (!read.ok) throw new Error(`the published documents have errors: ${read.error[0]?.message}`)
  const live = new LiveRegister(read.value, [], sha256)
  for await (const contracts of contractsKnown(database.db, size)) {
    live.change(contracts.map(changeOf))
  }
  return { live, size, register, version }
}

function changeOf(contract: Contract): ContractChange {
  const { id, customer } = contract
  return { id, customer, contract }
}
