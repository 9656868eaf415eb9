import type { Digest } from './digest.ts'
import type { LocatedProblem } from './document.ts'
import type { Role } from './people.ts'
import type { Problem } from './problem.ts'
import type { Instant } from './time.ts'

/** How it is shown that a person did what is recorded of them. Other kinds of keys are other members. */
export interface ActProof {
  readonly kind: 'ed25519'
  /** Public key, as `name+hash+base64`. */
  readonly key: string
  /** Base64, over the pre-authentication encoding of what was signed. */
  readonly signature: string
}

/**
 * What a person does: who, in which role and when, and what exactly they signed (semantics §12.4).
 *
 * The signature is over act, role, subject, round, digest and nonce. `round` is the round of what is approved; of any
 * other act the version of the subject that the person saw. Everything here was verified where it came in.
 */
export interface Act {
  readonly by: string
  readonly role: Role
  readonly at: Instant
  readonly round: number
  /** Of what is approved or signed; of any other act, of the command itself. */
  readonly digest: Digest
  /** Given out by the server, and served once. */
  readonly nonce: string
  readonly proof: ActProof
}

/** Something that has happened, by whose act. */
export interface Recorded<E> {
  readonly event: E
  readonly act: Act
}

/** Why a command is not carried out. Nothing has changed. */
export interface Refusal<Code extends string = string, P = Problem | LocatedProblem> {
  readonly code: Code
  /** A sentence that says what to do. */
  readonly message: string
  /** The fields that are wrong, when it is about fields. */
  readonly problems?: readonly P[]
}
