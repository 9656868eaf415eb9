import type { Kysely } from 'kysely'
import type { Recorded } from '../act.ts'
import { type CitedStatuses, withCitedStatuses } from '../contract/authority-status.ts'
import type { Contract } from '../contract/contract.ts'
import type { ContractEvent } from '../contract/contract-events.ts'
import { type ContractLife, contractOf } from '../contract/contract-life.ts'
import { effectiveContract, foldContract } from '../contract/fold-contract.ts'
import {
  type CitedAuthority,
  foldStatus,
  type StatusRecorded,
  statusesOf,
} from '../review/authority-register.ts'
import {
  foldProvider,
  NO_DOCUMENTS,
  type ProviderEvent,
  type ProviderRegister,
} from '../review/provider-register.ts'
import { eventsOf, type Placed, statesAfter, thingsSince } from '../store/events.ts'
import type { Schema } from '../store/schema.ts'
import { PROVIDER } from './register-streams.ts'

// What of the register may be compiled: what the governance log had made known when it had so many entries, and of stops
// and suspensions what is not in it yet (semantics §13.1).

/** Most contracts that are in memory at a time while all are read. */
const SLICE = 1_000

function isKnown({ index }: Placed, size: number): boolean {
  return index !== null && index < size
}

/** The provider's documents as they are known. */
export async function providerKnown(db: Kysely<Schema>, size: number): Promise<ProviderRegister> {
  const placed = await eventsOf(db, PROVIDER)
  return placed
    .filter((one) => isKnown(one, size))
    .reduce((register, one) => foldProvider(register, one as Recorded<ProviderEvent>), NO_DOCUMENTS)
}

/** What is known of authorities for all contracts that cite them. */
async function statusesKnown(db: Kysely<Schema>, size: number): Promise<CitedStatuses> {
  const placed = await eventsOf(db, PROVIDER, { type: 'authority-status-recorded' })
  const known = placed.filter((one) => isKnown(one, size)) as readonly Recorded<StatusRecorded>[]
  return statusesOf(known.reduce<readonly CitedAuthority[]>(foldStatus, []))
}

/** A contract as it may be compiled; undefined while it may not. */
export async function contractKnown(
  db: Kysely<Schema>,
  id: string,
  size: number,
): Promise<Contract | undefined> {
  const own = await ownKnown(db, id, size)
  return own && withCitedStatuses(own, await statusesKnown(db, size))
}

/** The same by what is recorded of it alone. */
async function ownKnown(
  db: Kysely<Schema>,
  id: string,
  size: number,
): Promise<Contract | undefined> {
  const placed = await eventsOf(db, { stream: 'contract', id })
  const known = placed.filter((one) => isKnown(one, size)) as readonly Recorded<ContractEvent>[]
  const others = placed.filter((one) => !isKnown(one, size)) as readonly Recorded<ContractEvent>[]
  const life = known.reduce<ContractLife | undefined>(foldContract, undefined)
  return life && compiledOf(life) && effectiveContract(life, others)
}

/**
 * Contracts as they may be compiled, some at a time, in order of their ids. What is known of nearly all is all that there
 * is, and then the state that is stored says it: events are read only of the others.
 */
export async function* contractsKnown(
  db: Kysely<Schema>,
  size: number,
): AsyncGenerator<readonly Contract[]> {
  const statuses = await statusesKnown(db, size)
  for (let after = ''; ; ) {
    const stored = await statesAfter<ContractLife>(db, { stream: 'contract', after, limit: SLICE })
    const last = stored.at(-1)
    if (last === undefined) return
    // Only now: what happens while states are read is in them, and not known yet.
    const ahead = new Set((await thingsSince(db, size)).map(({ stream, id }) => `${stream} ${id}`))
    const read = await Promise.all(
      stored.map(({ id, state }) =>
        ahead.has(`contract ${id}`) ? ownKnown(db, id, size) : compiledOf(state),
      ),
    )
    yield read.flatMap((contract) => (contract ? [withCitedStatuses(contract, statuses)] : []))
    after = last.id
  }
}

/** Before both have signed there is nothing to be in force. */
function compiledOf(life: ContractLife): Contract | undefined {
  return life.ends === null ? undefined : contractOf(life)
}
