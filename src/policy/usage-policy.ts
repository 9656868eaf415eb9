import * as z from 'zod'
import { id, ids, instant, list, prose, scope, score, version } from '../shape.ts'

/** The values of a fact: 2 to 32, so that a set of them fits one machine word (semantics §2.1). */
export const FACT_VALUES_MAX = 32

const fact = z
  .strictObject({ title: prose, values: z.array(id) })
  .meta({ description: 'Something about a request that decides; unstated, it may be any value' })

const USE_KEY = /^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$/

/** A key of the use tree; the path of keys from the top, joined by dots, is the id (semantics §3.1). */
const useKey = z.string().max(128).regex(USE_KEY)

const useNode = z.strictObject({
  title: prose.optional(),
  unrestricted: z.literal(true).optional(),
  get uses() {
    return z.record(useKey, z.union([prose, useNode])).optional()
  },
})

/** Whether a key, by itself, can be one of the use tree: whether its shape has not been reported. */
export function isUseKey(key: string): boolean {
  return useKey.safeParse(key).success
}

const thresholds = { 'refer-at': score, 'deny-at': score }

const TAILORABLE = ['never', 'by-catalogue'] as const

const restriction = z.strictObject({
  id,
  title: prose.optional(),
  source: z.strictObject({ clause: prose.optional(), url: prose.optional() }).optional(),
  prohibits: ids,
  when: scope.optional(),
  unless: list(z.strictObject({ scope, obligations: ids.default([]) })).default([]),
  harms: ids.default([]),
  tailorable: z.enum(TAILORABLE),
  floor: id.optional(),
})

const LINEAGE_KINDS = ['same', 'split', 'merged', 'narrowed', 'widened', 'removed'] as const

const lineage = z.strictObject({
  /** `<older version>/<id of a restriction or use in it>`. */
  from: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\/[a-z0-9.-]+$/, 'malformed-lineage'),
  to: ids,
  kind: z.enum(LINEAGE_KINDS),
})

/** A provider's published, versioned set of restrictions: `policy.yaml` (semantics §2, §3, §5). */
export const usagePolicy = z.strictObject({
  format: z.literal('proviso/policy@1'),
  id,
  version,
  title: prose.optional(),
  effective: instant,
  facts: z.record(id, fact),
  harms: z.record(id, prose).default({}),
  uses: z.record(useKey, z.union([prose, useNode])),
  detection: z
    .strictObject({
      ...thresholds,
      uses: z
        .record(id, z.strictObject({ 'refer-at': score.optional(), 'deny-at': score.optional() }))
        .default({}),
    })
    // Fail closed: a policy that says nothing of detectors counts every signal as certain.
    .default({ 'refer-at': 0, 'deny-at': 0, uses: {} }),
  restrictions: list(restriction),
  obligations: z.record(id, prose).default({}),
  lineage: list(lineage).default([]),
})

export type UsagePolicy = z.output<typeof usagePolicy>
export type Restriction = UsagePolicy['restrictions'][number]
export type UseEntries = UsagePolicy['uses']
