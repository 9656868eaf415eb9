import type { Bundle } from '../decision/bundle.ts'
import type { Request } from '../decision/request.ts'
import type { Sha256 } from '../digest.ts'
import type { CustomerView, Subject } from './subject.ts'

/** What is proved of, and the bundle that its tables were read from. */
export interface Proved {
  readonly subject: Subject
  readonly bundle: Bundle
  /** The digests of the bundle made anew from what it was compiled from. */
  readonly recompiled: readonly string[]
  readonly sha256: Sha256
}

/** Where something that was to be proved does not hold. */
export interface Violation {
  /** What is wrong, as a sentence. */
  readonly message: string
  /** Requests that show it: one, or two of which the second is to be allowed no more than the first. */
  readonly requests: readonly Request[]
}

/** Something that is proved of all requests at once (semantics §11). */
export interface Law {
  /** Such as `L1`. */
  readonly id: string
  /** A sentence that could be false. */
  readonly says: string
  /** Of all customers alike. */
  readonly ofAll?: (proved: Proved) => Violation | undefined
  readonly ofCustomer?: (proved: Proved, customer: CustomerView) => Violation | undefined
}
