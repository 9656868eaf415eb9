/** A fact that this program relies on does not hold: a bug of ours, never of the caller's. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant'
}

export function assert(claim: boolean, message: string): asserts claim {
  if (!claim) throw new BrokenInvariant(message)
}

/** The element at an index that is known to be inside the list. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index]
  assert(element !== undefined, `index ${index} is outside a list of ${list.length}`)
  return element
}
