import * as z from 'zod'
import { digest, id, ids, instant, list, prose } from '../shape.ts'
import { DAY_MS, type Duration, type Instant } from '../time.ts'

// What an assessment is made of: findings with evidence, and rows of the harm table (semantics §12.2).

/** Longest time for which a finding may be valid: older evidence is looked at anew. */
export const FINDING_VALIDITY_MAX: Duration = 90 * DAY_MS

/** Largest file of evidence, in bytes. */
export const EVIDENCE_BYTES_MAX = 20_971_520

/** Most files of evidence of one finding. */
const EVIDENCE_MAX = 100

/** What evidence may be: kinds of file that a person can be shown without running anything in them. */
export const MEDIA_TYPES = [
  'application/json',
  'application/pdf',
  'image/jpeg',
  'image/png',
  'text/csv',
  'text/markdown',
  'text/plain',
] as const

/** A file of evidence by its digest. The bytes are kept elsewhere. */
const evidence = z
  .array(
    z.strictObject({
      digest,
      'media-type': z.enum(MEDIA_TYPES),
      /** In bytes. */
      size: z.number().int().min(1).max(EVIDENCE_BYTES_MAX),
      title: prose,
    }),
  )
  .max(EVIDENCE_MAX)

const FINDINGS = [
  'adequate',
  'adequate-with-provisos',
  'inadequate',
  'insufficient-evidence',
] as const

/** What is found on a question, by the one who gives it. */
export const judged = {
  finding: z.enum(FINDINGS),
  rationale: prose,
  evidence,
  'valid-until': instant,
  /** Conditions without which it would not be adequate: of a finding `adequate-with-provisos`. */
  provisos: list(z.strictObject({ id, text: prose })).default([]),
  /** Who among the assessors sees it otherwise, and why. */
  dissent: list(z.strictObject({ person: id, text: prose })).default([]),
}

export const screened = { rationale: prose, evidence }

const judgedShape = z.strictObject(judged)
const screenedShape = z.strictObject(screened)

/** By whom and when something was found. */
interface Given {
  readonly by: string
  readonly at: Instant
}

/** What was found on one consideration, or on the benefit. */
export interface Finding extends Given, z.output<typeof judgedShape> {
  /** Id of the consideration, or `benefit`. */
  readonly question: string
  /** The question as it was put by the exceptions document. */
  readonly asked: string
}

/** Why the customer is one of the carefully selected. */
export interface Screening extends Given, z.output<typeof screenedShape> {}

/** One harm of one restriction that is to be lifted. */
export const harmRow = z.strictObject({
  restriction: id,
  harm: id,
  /** Safeguards, duties and obligations by id, and facts that the scope constrains. */
  'mitigated-by': ids,
  /** The risk that is left. */
  residual: prose,
})

export type HarmRow = z.output<typeof harmRow>

export interface HarmTable extends Given {
  readonly rows: readonly HarmRow[]
}
