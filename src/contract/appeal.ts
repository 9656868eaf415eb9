import * as z from 'zod'
import type { Act } from '../act.ts'
import { prose } from '../shape.ts'
import type { Instant } from '../time.ts'

/** What an appeal may do to the decision that it is against. */
const OUTCOMES = ['upheld', 'varied', 'overturned'] as const

/** How an appeal is decided, with the reasons that whoever appealed is given. */
export const appealDecided = { outcome: z.enum(OUTCOMES), reasons: prose }

export interface AppealDecided {
  readonly outcome: (typeof OUTCOMES)[number]
  readonly reasons: string
}

/** An appeal against a decision, and what came of it. It restores nothing by itself (semantics §12.9). */
export interface Appeal {
  readonly by: string
  readonly at: Instant
  readonly grounds: string
  /** Null, as are those below, until it is decided. */
  readonly outcome: AppealDecided['outcome'] | null
  readonly reasons: string | null
  readonly decidedBy: string | null
  readonly decided: Instant | null
}

export function lodged(grounds: string, { by, at }: Act): Appeal {
  return { by, at, grounds, outcome: null, reasons: null, decidedBy: null, decided: null }
}

export function withOutcome(
  appeal: Appeal,
  { outcome, reasons }: AppealDecided,
  { by, at }: Act,
): Appeal {
  return { ...appeal, outcome, reasons, decidedBy: by, decided: at }
}

/** Refusals that appeals in cases and against what is decided of contracts have in common. */
export const APPEAL_REFUSALS = {
  'appealed-already': 'the decision has been appealed against',
  'not-appealed': 'nobody has appealed against the decision',
  'appeal-decided': 'the appeal has been decided',
  'first-decider': 'who took part in what is appealed against does not decide the appeal',
} as const

/** Why an appeal is not lodged; undefined when it may be. */
export function againstLodging(appeal: Appeal | null, grounds: string): AppealRefused | undefined {
  if (appeal) {
    return ['appealed-already', 'this has been appealed against; the appeal says what came of it']
  }
  if (grounds.trim() !== '') return undefined
  return ['reasons-missing', 'say in `grounds` why the decision should not stand']
}

/** Why an appeal is not decided; undefined when it may be. */
export function againstDeciding(
  appeal: Appeal | null,
  { reasons, isFirst }: { readonly reasons: string; readonly isFirst: boolean },
): AppealRefused | undefined {
  if (!appeal)
    return ['not-appealed', 'nobody has appealed against this; there is nothing to decide']
  if (appeal.outcome !== null) {
    return ['appeal-decided', 'the appeal has been decided; the appeal says how']
  }
  if (isFirst) {
    const message = 'you took part in what is appealed against; somebody who did not decides'
    return ['first-decider', message]
  }
  if (reasons.trim() !== '') return undefined
  return ['reasons-missing', 'say why in `reasons`; whoever appealed will read it']
}

type AppealRefused = readonly [
  code: keyof typeof APPEAL_REFUSALS | 'reasons-missing',
  message: string,
]
