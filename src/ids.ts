/** Longest id, in characters (semantics §1.1). */
export const ID_CHARS_MAX = 128

/** Longest model snapshot id, in characters (semantics §1.1). */
export const SNAPSHOT_CHARS_MAX = 200

export const ID = /^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$/
export const SNAPSHOT = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/

export function isId(text: string): boolean {
  return text.length <= ID_CHARS_MAX && ID.test(text)
}

export function isSnapshotId(text: string): boolean {
  return text.length <= SNAPSHOT_CHARS_MAX && SNAPSHOT.test(text)
}

/** The order of ids: byte by byte, which for ASCII is the order of code units (semantics §1.1). */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compareIds(a.id, b.id)
}

type Ids = readonly string[]

/** Whether two sets have a member in common. */
export function meet(a: Ids, b: Ids): boolean {
  return a.some((id) => b.includes(id))
}

/** Whether every member of the first set is in the second. */
export function isWithin(a: Ids, b: Ids): boolean {
  return a.every((id) => b.includes(id))
}

/** The members, each once, in order (semantics §1.1). */
export function sorted(ids: Ids): Ids {
  return [...new Set(ids)].sort()
}
