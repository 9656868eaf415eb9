import type { Kysely } from 'kysely'
import { canonicalJson } from '../canonical-json.ts'
import type { ContractContext } from '../contract/contract-asking.ts'
import { type ContractLife, contractOf } from '../contract/contract-life.ts'
import { readTexts } from '../decision/live-register.ts'
import { digestOf, type Sha256 } from '../digest.ts'
import { type Provider, providerOf } from '../policy/provider.ts'
import { ok } from '../result.ts'
import type { CaseContext, Renewed } from '../review/asking.ts'
import type { Case } from '../review/case.ts'
import { determinedIn } from '../review/determination.ts'
import {
  NO_DOCUMENTS,
  type ProviderContext,
  type ProviderRegister,
  versionAt,
} from '../review/provider-register.ts'
import { type Subject, stateOf } from '../store/change.ts'
import type { Schema } from '../store/schema.ts'
import type { Instant } from '../time.ts'
import { PROVIDER } from './register-streams.ts'

/** What acts are decided by, besides the thing that they are on. */
export interface RegisterContext
  extends Pick<CaseContext, 'sha256' | 'customer' | 'renewed'>,
    Pick<ContractContext, 'determined'> {
  /** Undefined while no version of the policy is published. */
  readonly provider: Provider | undefined
  readonly documents: ProviderContext
}

type OfDocuments = Pick<RegisterContext, 'sha256' | 'provider' | 'documents'>

/** The provider's documents as they bind at an instant, parsed once for all who ask. */
export class Documents {
  readonly #sha256: Sha256
  #key = ''
  #provider: Provider | undefined

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
  }

  /** What the register says of the provider now, and what acts on it are decided by. */
  async at(db: Kysely<Schema>, at: Instant): Promise<OfDocuments> {
    const stored = await stateOf<ProviderRegister>(db, PROVIDER)
    return this.contextOf(stored?.state ?? NO_DOCUMENTS, at)
  }

  contextOf(register: ProviderRegister, at: Instant): OfDocuments {
    const provider = this.providerAt(register, at)
    const sha256 = this.#sha256
    const documents: ProviderContext = {
      read: (texts, models) => {
        const read = readTexts({ ...texts, models })
        if (!read.ok) return read
        const { policy, exceptions } = read.value
        const { version, effective } = policy
        return ok({ version, effective, quorum: exceptions.quorum })
      },
      quorum: provider?.exceptions.quorum,
      digestOf: (value) => digestOf(sha256(canonicalJson(value))),
    }
    return { sha256, provider, documents }
  }

  /** Undefined while no version is published. */
  providerAt(register: ProviderRegister, at: Instant): Provider | undefined {
    const version = versionAt(register, at)
    if (version === undefined) return undefined
    const { digest, policy, exceptions } = version
    const { models } = register
    const key = `${digest} ${this.#sha256(canonicalJson(models))}`
    if (this.#provider && key === this.#key) return this.#provider
    const read = readTexts({ policy, exceptions, models })
    if (!read.ok) throw new Error(`the published documents have errors: ${read.error[0]?.message}`)
    this.#provider = providerOf(read.value)
    this.#key = key
    return this.#provider
  }
}

/** What is on the other side of a thing: the case that a contract comes from, the contract that is renewed. */
export async function besides(
  db: Kysely<Schema>,
  subject: Subject,
  command: object,
  at: Instant,
): Promise<Pick<RegisterContext, 'determined' | 'renewed'>> {
  const named = command as { readonly case?: string; readonly renews?: string }
  if (subject.stream === 'case') {
    const stored = await stateOf<Case>(db, subject)
    return { determined: undefined, renewed: await renewedBy(db, stored?.state.application.renews) }
  }
  if (subject.stream !== 'contract') return { determined: undefined, renewed: null }
  const life = await stateOf<ContractLife>(db, subject)
  const id = life?.state.draftedFrom.determination.case ?? named.case
  const stored = id === undefined ? undefined : await caseOf(db, id)
  return {
    determined: stored && determinedIn(stored, at),
    renewed: await renewedBy(db, life?.state.renews ?? named.renews),
  }
}

async function renewedBy(
  db: Kysely<Schema>,
  id: string | null | undefined,
): Promise<Renewed | null> {
  if (id === undefined || id === null) return null
  const life = (await stateOf<ContractLife>(db, { stream: 'contract', id }))?.state
  if (life === undefined) return null
  const own = await caseOf(db, life.draftedFrom.determination.case)
  return { contract: contractOf(life), case: own ?? null }
}

async function caseOf(db: Kysely<Schema>, id: string): Promise<Case | undefined> {
  return (await stateOf<Case>(db, { stream: 'case', id }))?.state
}
