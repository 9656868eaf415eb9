import * as z from 'zod'
import { appealDecided } from '../contract/appeal.ts'
import { digest, id, list, prose } from '../shape.ts'
import { application, draftDetermination } from './application.ts'
import { harmRow, judged, screened } from './finding.ts'
import { legacy } from './legacy-case.ts'

/** What can be done to a case, by the name of the act (semantics §12). */
export const caseCommand = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('case.open'), case: id, application }),
  /** An exception from before there was a register: it is for the customer to apply. */
  z.strictObject({ act: z.literal('case.import'), case: id, customer: id, legacy }),
  z.strictObject({ act: z.literal('case.revise'), application }),
  z.strictObject({ act: z.literal('case.submit') }),
  z.strictObject({ act: z.literal('case.screen'), ...screened }),
  z.strictObject({ act: z.literal('case.find'), question: id, ...judged }),
  z.strictObject({ act: z.literal('case.harms'), rows: list(harmRow) }),
  z.strictObject({ act: z.literal('case.weigh-benefit'), ...judged }),
  z.strictObject({
    act: z.literal('case.draft-determination'),
    determination: draftDetermination,
  }),
  z.strictObject({ act: z.literal('case.approve') }),
  /** Who has it is who acts, or somebody of whom a safeguards officer has learned it. */
  z.strictObject({ act: z.literal('case.declare-conflict'), person: id, reason: prose }),
  z.strictObject({ act: z.literal('case.return'), reasons: prose }),
  z.strictObject({ act: z.literal('case.decline'), reasons: prose }),
  z.strictObject({ act: z.literal('case.withdraw'), reasons: prose }),
  z.strictObject({ act: z.literal('case.appeal'), grounds: prose }),
  z.strictObject({ act: z.literal('case.decide-appeal'), ...appealDecided }),
  /** The contract drafted from the determination has been signed. `terms` is its digest. */
  z.strictObject({ act: z.literal('case.conclude'), contract: id, terms: digest }),
])

export type CaseCommand = z.output<typeof caseCommand>
export type CaseAct = CaseCommand['act']
export type CommandOf<A extends CaseAct> = Extract<CaseCommand, { act: A }>
