import type { Contract } from '../contract/contract.ts'
import { usesOf } from '../policy/use-tree.ts'
import type { PolicyContent } from './content.ts'
import type { World } from './world.ts'

/** What is written for people, each text by what it is about, such as `restriction weapons`. */
export type Prose = ReadonlyMap<string, string>

/** The prose that a bundle holds. */
export function proseOfContent({ version, facts, uses, restrictions }: PolicyContent): Prose {
  return new Map([
    ['policy version', version],
    ...facts.map(({ id, title }) => [`fact ${id}`, title] as const),
    ...uses.map(({ id, title }) => [`use ${id}`, title] as const),
    ...restrictions.map(({ id, title }) => [`restriction ${id}`, title] as const),
  ])
}

/** The prose of documents. */
export function proseOfWorld({ policy, contracts }: World): Prose {
  const { version, title = '', facts, restrictions, obligations, harms } = policy
  return new Map([
    ['policy version', version],
    ['policy title', title],
    ...Object.entries(facts).map(([id, fact]) => [`fact ${id}`, fact.title] as const),
    ...usesOf(policy).map((use) => [`use ${use.id}`, use.title] as const),
    ...restrictions.map((one) => [`restriction ${one.id}`, one.title ?? one.id] as const),
    ...Object.entries(obligations).map(([id, text]) => [`obligation ${id}`, text] as const),
    ...Object.entries(harms).map(([id, text]) => [`harm ${id}`, text] as const),
    ...contracts.flatMap(proseOfContract),
  ])
}

function proseOfContract({ id, terms }: Contract): readonly (readonly [string, string])[] {
  const { mission, clauses, tailorings, deployments, authorities, safeguards, duties } = terms
  const titled = {
    tailoring: tailorings,
    deployment: deployments,
    safeguard: safeguards,
    duty: duties,
  }
  return [
    [`contract ${id}, mission`, mission],
    ...clauses.map((clause) => [`contract ${id}, clause ${clause.id}`, clause.text] as const),
    ...authorities.map(({ id: authority, title, citation }) => {
      const text = [title, `${citation.scheme} ${citation.id}`].filter(Boolean).join(', ')
      return [`contract ${id}, authority ${authority}`, text] as const
    }),
    ...Object.entries(titled).flatMap(([kind, all]) =>
      all.flatMap(({ id: own, title }) => {
        return title === undefined ? [] : [[`contract ${id}, ${kind} ${own}`, title] as const]
      }),
    ),
  ]
}

/** A text that is not what it was; null where there is none. */
export interface ProseChange {
  readonly about: string
  readonly before: string | null
  readonly after: string | null
}

export function proseChanges(before: Prose, after: Prose): readonly ProseChange[] {
  const abouts = new Set([...before.keys(), ...after.keys()])
  return [...abouts].flatMap((about): ProseChange[] => {
    const [earlier, later] = [before.get(about) ?? null, after.get(about) ?? null]
    return earlier === later ? [] : [{ about, before: earlier, after: later }]
  })
}
