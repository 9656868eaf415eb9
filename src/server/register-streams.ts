import type { Subject } from '../store/change.ts'

/** The one thing of its kind that holds everybody, and the one that holds the provider's documents. */
export const PEOPLE: Subject = { stream: 'people', id: 'people' }
export const PROVIDER: Subject = { stream: 'provider', id: 'provider' }

/** The stream of an act, by the first part of its name. */
const STREAM_OF: Readonly<Record<string, string>> = {
  people: 'people',
  provider: 'provider',
  models: 'provider',
  authorities: 'provider',
  case: 'case',
  contract: 'contract',
}

/** Undefined of what is no act of the register. */
export function streamOf(act: string): string | undefined {
  const [part = ''] = act.split('.')
  return Object.hasOwn(STREAM_OF, part) ? STREAM_OF[part] : undefined
}

/** Acts whose signature is over a document that waits for it, rather than over the command (semantics §12.4). */
export const ON_A_DOCUMENT: ReadonlySet<string> = new Set([
  'case.approve',
  'contract.sign',
  'provider.approve',
])

/** Acts that are carried out whatever else has happened meanwhile (semantics §13.1). */
export const WHATEVER_HAPPENED: ReadonlySet<string> = new Set(['contract.stop', 'contract.suspend'])
