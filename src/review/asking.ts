import type { Act } from '../act.ts'
import type { Contract } from '../contract/contract.ts'
import type { Sha256 } from '../digest.ts'
import type { Provider } from '../policy/provider.ts'
import type { Result } from '../result.ts'
import type { Case } from './case.ts'
import type { CaseAct, CommandOf } from './case-commands.ts'
import type { CaseEvent } from './case-events.ts'
import type { Refused } from './case-refusals.ts'

/** The contract that a case renews, and the case it came from when there was one. */
export interface Renewed {
  readonly contract: Contract
  readonly case: Case | null
}

/** What an act on a case is decided by, besides the case. */
export interface CaseContext {
  readonly provider: Provider
  readonly sha256: Sha256
  /** Whom the person who acts represents; null for those who represent nobody. */
  readonly customer: string | null
  /** Of what the application `renews`; null when there is no such contract. */
  readonly renewed: Renewed | null
}

/** One act that somebody wants to do to a case. */
export interface Asking<A extends CaseAct = CaseAct> {
  readonly state: Case
  readonly command: CommandOf<A>
  readonly act: Act
  readonly context: CaseContext
}

export type Decided = Result<readonly CaseEvent[], Refused>
