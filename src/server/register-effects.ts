import { setImmediate } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { type ContractLife, contractOf, contractStateAt } from '../contract/contract-life.ts'
import type { ContractState } from '../contract/contract-states.ts'
import { type Loss, lossBy } from '../contract/loss.ts'
import type { Sha256 } from '../digest.ts'
import type { ProviderRegister } from '../review/provider-register.ts'
import { id } from '../shape.ts'
import { stateOf } from '../store/change.ts'
import { statesAfter } from '../store/events.ts'
import type { Schema } from '../store/schema.ts'
import { type Instant, printInstant } from '../time.ts'
import { Documents } from './register-context.ts'
import { limit, limitOf, readQuery } from './register-list.ts'
import { refuseAct } from './register-problem.ts'
import { PROVIDER } from './register-streams.ts'

// What would end when the version that waits takes effect: of every contract that has been signed and has not ended by
// then, a page at a time.

/** Most contracts that are looked at for one page: the rest are the next one's, though nothing was found. */
const LOOKED_AT_MAX = 200

/** Contracts after which others have their turn. */
const TURN = 10

/** A cursor is the id of the last contract that was looked at. */
export const effectsQuery = z.strictObject({ cursor: id.optional(), limit })

interface Effect extends Loss {
  readonly contract: string
  readonly customer: string
  /** When the version takes effect, if nothing is done until then. */
  readonly state: ContractState
}

interface EffectsPage {
  /** Of the proposal, as it is signed. */
  readonly round: number
  readonly digest: string
  readonly version: string
  readonly effective: string
  /** The version that would bind otherwise; null: none. */
  readonly replaces: string | null
  readonly items: readonly Effect[]
  readonly next: string | null
}

interface Asked {
  readonly after: string
  /** Contracts on a page. */
  readonly limit: number
  readonly now: Instant
}

const ENDED: ReadonlySet<ContractState> = new Set(['expired', 'terminated', 'withdrawn'])

/** Reads the documents that wait, and those that bind, once for all pages. */
export class Effects {
  readonly #before: Documents
  readonly #after: Documents

  constructor(sha256: Sha256) {
    this.#before = new Documents(sha256)
    this.#after = new Documents(sha256)
  }

  /** Undefined while no version waits. */
  async give(
    reply: FastifyReply,
    db: Kysely<Schema>,
    { query, now }: { readonly query: unknown; readonly now: Instant },
  ): Promise<FastifyReply | undefined> {
    const read = readQuery(effectsQuery, query)
    if (!read.ok) return refuseAct(reply, read.error)
    const { cursor: after = '', limit: most } = read.value
    const page = await this.#page(db, { after, limit: limitOf(most), now })
    return page && reply.header('cache-control', 'no-store').send(page)
  }

  async #page(db: Kysely<Schema>, asked: Asked): Promise<EffectsPage | undefined> {
    const register = (await stateOf<ProviderRegister>(db, PROVIDER))?.state
    const proposal = register?.proposal
    if (!register || !proposal) return undefined
    const { round, digest, version } = proposal
    const effective = Math.max(proposal.effective, asked.now)
    const waiting = { ...proposal, published: effective }
    const before = this.#before.providerAt(register, effective)
    const after = this.#after.providerAt({ ...register, versions: [waiting] }, effective)
    const head = { round, digest, version, effective: printInstant(proposal.effective) }
    if (!before || !after) return { ...head, replaces: null, items: [], next: null }
    const lossOf = lossBy({ before, after })
    const found = await effectsAfter(db, asked, (life) => {
      const state = contractStateAt(life, effective)
      if (life.ends === null || ENDED.has(state)) return undefined
      const loss = lossOf(contractOf(life))
      return loss && { contract: life.id, customer: life.customer, state, ...loss }
    })
    return { ...head, replaces: before.policy.version, ...found }
  }
}

async function effectsAfter(
  db: Kysely<Schema>,
  { after, limit: most }: Asked,
  effectOf: (life: ContractLife) => Effect | undefined,
): Promise<Pick<EffectsPage, 'items' | 'next'>> {
  const query = { stream: 'contract', after, limit: LOOKED_AT_MAX }
  const stored = await statesAfter<ContractLife>(db, query)
  const items: Effect[] = []
  for (const [i, { id: contract, state }] of stored.entries()) {
    if (i % TURN === 0) await setImmediate()
    const effect = effectOf(state)
    if (effect) items.push(effect)
    const isLast = i + 1 === LOOKED_AT_MAX || items.length === most
    if (isLast) return { items, next: contract }
  }
  return { items, next: null }
}
