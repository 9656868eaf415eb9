import type { Contract } from '../contract/contract.ts'
import { AT_ONCE } from '../contract/fold-contract.ts'
import type { ContractChange } from '../decision/compile.ts'
import { LiveRegister, NOTHING, readTexts } from '../decision/live-register.ts'
import type { Sha256 } from '../digest.ts'
import { type ProviderRegister, type Version, versionAt } from '../review/provider-register.ts'
import type { Database } from '../store/database.ts'
import { thingsSince, unknownOfTypes } from '../store/events.ts'
import type { Instant } from '../time.ts'
import { contractKnown, contractsKnown, providerKnown } from './register-known.ts'

// What a register's bundle is made of: of what the governance log has made known, and of stops and suspensions at once
// (semantics §13.1). Nothing here waits for the log.

export interface Making {
  readonly database: Database
  readonly clock: () => Instant
  readonly sha256: Sha256
}

/** A bundle, and what it was made of. */
export interface Made {
  readonly live: LiveRegister
  /** Entries of the governance log that were known. */
  readonly size: number
  readonly register: ProviderRegister
  /** The version of the policy; undefined: none is published. */
  readonly version: Version | undefined
}

/** Makes everything anew of what is known. */
export async function makeAll({ database, clock, sha256 }: Making, size: number): Promise<Made> {
  const register = await providerKnown(database.db, size)
  const version = versionAt(register, clock())
  const read = version ? readTexts({ ...version, models: register.models }) : NOTHING
  if (!read.ok) throw new Error(`the published documents have errors: ${read.error[0]?.message}`)
  const live = await LiveRegister.of(read.value, contractsKnown(database.db, size), sha256)
  return { live, size, register, version }
}

/** What is made at a later size of the log, from what was made before; the same when nothing has become of it. */
export async function madeSince(making: Making, before: Made, size: number): Promise<Made> {
  const { db } = making.database
  const things = size === before.size ? [] : await thingsSince(db, before.size)
  const isOther = versionAt(before.register, making.clock())?.digest !== before.version?.digest
  if (isOther || things.some(({ stream }) => stream === 'provider')) {
    return await makeAll(making, size)
  }
  const ids = things.flatMap(({ stream, id }) => (stream === 'contract' ? [id] : []))
  if (size === before.size) return before
  return { ...before, size, live: await withContractsKnown(making, before.live, { ids, size }) }
}

/** With stops and suspensions that are not known yet; the same when there are none that change anything. */
export async function stoppedAtOnce(making: Making, before: Made): Promise<Made> {
  const { size } = before
  const ids = await unknownOfTypes(making.database.db, [...AT_ONCE], size)
  const live = await withContractsKnown(making, before.live, { ids, size })
  return live.bundle.digest === before.live.bundle.digest ? before : { ...before, live }
}

async function withContractsKnown(
  { database: { db } }: Making,
  live: LiveRegister,
  { ids, size }: { readonly ids: readonly string[]; readonly size: number },
): Promise<LiveRegister> {
  const contracts = await Promise.all(ids.map((id) => contractKnown(db, id, size)))
  return live.changed(contracts.filter((contract) => contract !== undefined).map(changeOf))
}

function changeOf(contract: Contract): ContractChange {
  const { id, customer } = contract
  return { id, customer, contract }
}
