/** An obligation as AuthZEN's draft profile for obligations writes one (§3 of it): all members are required. */
export interface Obligation {
  readonly id: string
  readonly type: 'custom'
  readonly properties: Readonly<Record<string, never>>
}

const NO_PROPERTIES = Object.freeze({})

/**
 * An obligation in the terms of the draft profile. What an enforcement point says it supports changes
 * nothing: the profile leaves that to the decision point, and binds the enforcement point to treat what it
 * cannot discharge as a denial, as we do (semantics §8.6).
 */
export function obligationOf(id: string): Obligation {
  return { id, type: 'custom', properties: NO_PROPERTIES }
}
