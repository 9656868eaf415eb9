import type { Act } from '../act.ts'
import type { Digest, Sha256 } from '../digest.ts'
import type { Provider } from '../policy/provider.ts'
import type { Result } from '../result.ts'
import type { Instant } from '../time.ts'
import type { Contract, Determination, Terms } from './contract.ts'
import type { ContractAct, ContractCommandOf } from './contract-commands.ts'
import type { ContractEvent } from './contract-events.ts'
import type { ContractLife } from './contract-life.ts'
import type { ContractRefused } from './contract-refusals.ts'

/** What people determined, while it waits for its contract (semantics §12.3). */
export interface Determined {
  readonly customer: string
  readonly determination: Determination
  /** What was judged besides: how the contract is to be suspended, and what authorities and safeguards are. */
  readonly judged: Pick<Terms, 'policy' | 'party' | 'suspension' | 'authorities' | 'safeguards'>
  readonly approvedBy: readonly string[]
  /** The contract that it renews; null: none. */
  readonly renews: string | null
  /** Of what they approved. */
  readonly digest: Digest
  readonly lapsesAt: Instant
}

/** What an act on a contract is decided by, besides the contract. */
export interface ContractContext {
  readonly provider: Provider
  readonly sha256: Sha256
  /** Whom the person who acts represents; null for those who represent nobody. */
  readonly customer: string | null
  /** Of the contract's case; undefined when none stands there, or another contract has been signed on it. */
  readonly determined: Determined | undefined
  /** The contract that this one `renews`; null when there is no such contract. */
  readonly renewed: Contract | null
}

/** One act that somebody wants to do to a contract. */
export interface ContractAsking<A extends ContractAct = ContractAct> {
  readonly state: ContractLife
  readonly command: ContractCommandOf<A>
  readonly act: Act
  readonly context: ContractContext
}

/** The same, whatever is wanted. */
export type OnContract = Pick<ContractAsking, 'state' | 'act' | 'context'>

export type ContractDecided = Result<readonly ContractEvent[], ContractRefused>
