import type { Kysely } from 'kysely'
import type { Recorded } from '../src/act.ts'
import { assert } from '../src/assert.ts'
import { checkContract } from '../src/contract/check-contract.ts'
import type { Contract } from '../src/contract/contract.ts'
import type { ContractEvent } from '../src/contract/contract-events.ts'
import { type ContractLife, contractOf } from '../src/contract/contract-life.ts'
import { foldContract } from '../src/contract/fold-contract.ts'
import { compile } from '../src/decision/compile.ts'
import { readTexts } from '../src/decision/live-register.ts'
import type { World } from '../src/decision/world.ts'
import type { Digest } from '../src/digest.ts'
import { namesOf } from '../src/policy/check-policy.ts'
import { type ProviderDocuments, providerOf } from '../src/policy/provider.ts'
import { newReport } from '../src/problem.ts'
import {
  foldProvider,
  NO_DOCUMENTS,
  type ProviderEvent,
  versionAt,
} from '../src/review/provider-register.ts'
import type { Schema } from '../src/store/schema.ts'
import type { Instant } from '../src/time.ts'
import { sha256 } from './bundle-of.ts'

// What a register's bundle is to be, made anew from its events and nothing else.

/** The world that a register's events come to by now: those, of contracts signed by both, that fit the policy in force. */
export async function worldOf(db: Kysely<Schema>, at: Instant): Promise<World | undefined> {
  const rows = await db
    .selectFrom('events')
    .select(['stream', 'id', 'act', 'event'])
    .orderBy('seq')
    .execute()
  let register = NO_DOCUMENTS
  const lives = new Map<string, ContractLife>()
  for (const { stream, id, act, event } of rows) {
    const recorded = { act: JSON.parse(act), event: JSON.parse(event) } as Recorded<never>
    if (stream === 'provider') {
      register = foldProvider(register, recorded as Recorded<ProviderEvent>)
    }
    if (stream === 'contract') {
      lives.set(id, foldContract(lives.get(id), recorded as Recorded<ContractEvent>))
    }
  }
  const version = versionAt(register, at)
  if (!version) return undefined
  const read = readTexts({ ...version, models: register.models })
  assert(read.ok, 'the documents that were published have errors')
  const signed = [...lives.values()].filter(({ ends }) => ends !== null).map(contractOf)
  return { ...read.value, contracts: signed.filter((one) => isSound(read.value, one)) }
}

function isSound(documents: ProviderDocuments, contract: Contract): boolean {
  const report = newReport()
  checkContract(providerOf(documents), namesOf(documents.policy), contract, report)
  return report.problems.every(({ severity }) => severity !== 'error')
}

/** The digest of the bundle that a register's events come to. */
export async function digestAnew(db: Kysely<Schema>, at: Instant): Promise<Digest> {
  const world = await worldOf(db, at)
  assert(world !== undefined, 'no policy is published')
  return compile(world, sha256).digest
}
