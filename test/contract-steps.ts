import fc from 'fast-check'
import type { Contract, Terms } from '../src/contract/contract.ts'
import type { ContractDecided } from '../src/contract/contract-asking.ts'
import {
  type ContractAct,
  type ContractCommand,
  contractCommand,
} from '../src/contract/contract-commands.ts'
import { contractStateAt } from '../src/contract/contract-life.ts'
import type { Role } from '../src/people.ts'
import { DAY_MS, type Instant } from '../src/time.ts'
import {
  ContractStory,
  determinedOf,
  draftOf,
  EVIDENCE,
  exampleOf,
  OSINT,
  OSINT_CONTEXT,
  PARTIES,
  type PartyName,
  WHY,
} from './contract-story.ts'

// Random people do random things to a contract, most of them what would come next.

const JOINT = exampleOf('joint-cell-2026')
const ACTS = contractCommand.options.map(({ shape }) => shape.act.value)
const PEOPLE = Object.keys(PARTIES) as PartyName[]
const ROLES: readonly Role[] = [...new Set(Object.values(PARTIES)), 'operator', 'auditor']

/** One thing that somebody tries. Numbers choose among what there is. */
export interface Step {
  /** What would come next, by somebody who usually does it; otherwise anything by anybody. */
  readonly isNext: boolean
  readonly act: ContractAct
  readonly by: PartyName
  readonly role: Role
  readonly days: number
  readonly choice: number
  readonly spoilt: 'nothing' | 'round' | 'digest' | 'nonce' | 'clock'
}

const step: fc.Arbitrary<Step> = fc.record({
  isNext: fc.oneof(
    { weight: 9, arbitrary: fc.constant(true) },
    { weight: 2, arbitrary: fc.constant(false) },
  ),
  act: fc.constantFrom(...ACTS),
  by: fc.constantFrom(...PEOPLE),
  role: fc.constantFrom(...ROLES),
  days: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(0, 0, 0, 1, 3) },
    { weight: 2, arbitrary: fc.constantFrom(10, 20, 45) },
  ),
  choice: fc.nat(10_000),
  spoilt: fc.oneof(
    { weight: 20, arbitrary: fc.constant('nothing' as const) },
    { weight: 1, arbitrary: fc.constantFrom('round', 'digest', 'nonce', 'clock') },
  ),
})

export const telling = fc.record({
  example: fc.constantFrom(OSINT, JOINT),
  isSigned: fc.oneof(
    { weight: 4, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  steps: fc.array(step, { minLength: 10, maxLength: 50 }),
})

function oneOf<T>(list: readonly T[], choice: number): T {
  return list[choice % list.length] as T
}

/** What usually comes next in a state. */
const NEXT: Readonly<Record<string, readonly ContractAct[]>> = {
  draft: ['contract.propose', 'contract.propose', 'contract.revise'],
  proposed: ['contract.sign', 'contract.sign', 'contract.sign', 'contract.sign', 'contract.revise'],
  suspended: [
    'contract.reinstate',
    'contract.reinstate',
    'contract.suspend',
    'contract.attest',
    'contract.amend',
    'contract.terminate',
    'contract.appeal',
    'contract.decide-appeal',
  ],
  terminated: ['contract.appeal', 'contract.decide-appeal'],
}

const IN_USE: readonly ContractAct[] = [
  'contract.enrol',
  'contract.enrol',
  'contract.attest',
  'contract.attest',
  'contract.attest',
  'contract.record-authority',
  'contract.record-authority',
  'contract.meet-duty',
  'contract.reinstate-duty',
  'contract.stop',
  'contract.lift-stop',
  'contract.lift-stop',
  'contract.suspend',
  'contract.amend',
  'contract.amend',
  'contract.unenrol',
  'contract.report-incident',
  'contract.appeal',
  'contract.decide-appeal',
]

function nextOf({ life, at }: ContractStory, { act, choice }: Step): ContractAct {
  if (!life) return 'contract.draft'
  const state = contractStateAt(life, at)
  if (choice % 97 === 0) return act
  if (state === 'approved' || state === 'in_force') return oneOf(IN_USE, choice)
  return oneOf(NEXT[state] ?? [act], choice)
}

/** Who usually does an act. */
function doerOf(act: ContractAct, choice: number): PartyName {
  const either = Math.floor(choice / 7) % 2 === 0
  switch (act) {
    case 'contract.draft':
    case 'contract.propose':
    case 'contract.revise':
    case 'contract.record-authority':
      return 'counsel'
    case 'contract.sign':
      return either
        ? oneOf(['signer', 'signer', 'deputy'], choice)
        : oneOf(['rep', 'clerk'], choice)
    case 'contract.enrol':
    case 'contract.attest':
    case 'contract.meet-duty':
    case 'contract.report-incident':
    case 'contract.decline':
    case 'contract.appeal':
      return either ? 'rep' : 'clerk'
    case 'contract.terminate':
    case 'contract.withdraw':
      return 'signer'
    default:
      return oneOf(['officer', 'watch', 'signer', 'deputy'], choice)
  }
}

/** Terms that are narrower, or wider, or neither; most of them narrower. */
export function changedTerms(terms: Terms, at: Instant, choice: number): Terms {
  const text = JSON.stringify(terms)
  const copy = JSON.parse(text) as Terms
  const pick = Math.floor(choice / 20)
  // Narrowed to nothing: it can be told anew, and nothing else.
  if (copy.tailorings.length === 0 || copy.deployments.length === 0) return copy
  const tailoring = oneOf(copy.tailorings, pick)
  const deployment = oneOf(copy.deployments, pick)
  const duty = oneOf(copy.duties, pick)
  switch (choice % 20) {
    case 0:
      return withoutId(
        { ...copy, tailorings: copy.tailorings.filter((one) => one !== tailoring) },
        tailoring.id,
      )
    case 1:
      return withoutId(
        { ...copy, deployments: copy.deployments.filter((one) => one !== deployment) },
        deployment.id,
      )
    case 2:
    case 3:
      copy.term.until = (copy.term.until ?? 0) - (pick % 40) * DAY_MS
      break
    case 4:
      tailoring.models = tailoring.models.slice(1)
      break
    case 5:
      tailoring.scope = { ...tailoring.scope, 'data-source': ['public'] }
      break
    case 6:
      deployment['end-users'] = deployment['end-users'].slice(1)
      break
    case 7:
      duty.due = [...duty.due, at + ((pick % 50) - 5) * DAY_MS]
      break
    case 8:
      duty.grace = Math.max(0, duty.grace - DAY_MS)
      break
    case 9:
      tailoring.term = { from: copy.term.from, until: at + ((pick % 60) - 3) * DAY_MS }
      break
    case 10:
      tailoring.obligations = [...tailoring.obligations, 'sample-review']
      break
    case 11:
      copy.clauses = [...copy.clauses, { id: `more-${pick}`, text: 'Less', binds: [tailoring.id] }]
      break
    case 12:
      copy.term.from += (pick % 5) * DAY_MS
      break
    // Wider, or another thing than was signed.
    case 13:
      copy.term.until = (copy.term.until ?? 0) + DAY_MS
      break
    case 14:
      tailoring.models = [...tailoring.models, 'example-opus-20250514']
      break
    case 15:
      deployment['end-users'] = [...deployment['end-users'], 'somebody-else']
      break
    case 16:
      tailoring.obligations = []
      break
    case 17:
      duty.due = duty.due.map((due) => due - DAY_MS)
      break
    case 18:
      oneOf(copy.clauses, pick).text = 'Another text'
      break
    default:
      oneOf(copy.authorities, pick).citation.id = '/eli/fx/act/1999/1'
  }
  return copy
}

function withoutId(terms: Terms, gone: string): Terms {
  const clauses = terms.clauses
    .map((clause) => ({ ...clause, binds: clause.binds.filter((id) => id !== gone) }))
    .filter(({ binds }) => binds.length > 0)
  const duties = terms.duties
    .map((duty) =>
      duty.guards ? { ...duty, guards: duty.guards.filter((id) => id !== gone) } : duty,
    )
    .filter(({ guards }) => guards?.length !== 0)
  return { ...terms, clauses, duties }
}

/** A command of an act; choices make some of them back-dated, too long or about nothing. */
function commandOf(
  story: ContractStory,
  act: ContractAct,
  { choice }: Step,
  example: Contract,
): ContractCommand {
  const { at, life } = story
  const terms = life?.terms ?? example.terms
  const other = Math.floor(choice / 11)
  const from = at + oneOf([0, 0, 0, 2, 9, -3], other) * DAY_MS
  const scope = oneOf(
    [
      'contract' as const,
      ...terms.tailorings.map(({ id: tailoring }) => ({ tailoring })),
      ...terms.deployments.map((one) => ({ deployment: one.id })),
    ],
    choice,
  )
  const duty = oneOf(terms.duties, other)
  const due = duty.due.findLast((instant) => instant <= at + 20 * DAY_MS) ?? duty.due[0] ?? at
  const deployment = terms.deployments[other % terms.deployments.length]?.id ?? 'none'
  switch (act) {
    case 'contract.draft':
      return draftOf(example)
    case 'contract.revise':
    case 'contract.amend':
      return { act, terms: changedTerms(terms, at, choice) }
    case 'contract.propose':
      return { act }
    case 'contract.sign':
      return { act, side: Math.floor(choice / 7) % 2 === 0 ? 'provider' : 'customer' }
    case 'contract.enrol':
      return { act, deployment, from, acknowledges: life?.digest ?? EVIDENCE }
    case 'contract.unenrol':
      return choice % 2 === 0 ? { act, deployment } : { act, deployment, until: from }
    case 'contract.attest': {
      const safeguard = oneOf(terms.safeguards, other).id
      return { act, safeguard, from, until: from + oneOf([15, 28, 30, 40], choice) * DAY_MS }
    }
    case 'contract.record-authority':
      return {
        act,
        authority: oneOf(terms.authorities, other).id,
        status: oneOf(
          ['in-force', 'in-force', 'in-force', 'in-force-under-transition', 'enjoined', 'lapsed'],
          choice,
        ),
        from,
        'review-by': from + oneOf([5, 60, 200], other) * DAY_MS,
        source: 'The official journal',
      }
    case 'contract.meet-duty':
      return { act, duty: duty.id, due, evidence: EVIDENCE }
    case 'contract.reinstate-duty':
      return { act, duty: duty.id, due }
    case 'contract.report-incident':
      return { act, happened: from, kind: 'wrong-name', summary: EVIDENCE }
    case 'contract.stop':
      return { act, scope, reasons: WHY }
    case 'contract.lift-stop': {
      const open = life?.stops.findIndex(({ until }) => until === null) ?? 0
      return { act, stop: Math.max(0, open) }
    }
    case 'contract.appeal': {
      const open = life?.decisions.findIndex(({ appeal }) => appeal === null) ?? 0
      return { act, decision: Math.max(0, open), grounds: WHY }
    }
    case 'contract.decide-appeal': {
      const open = life?.decisions.findIndex(({ appeal }) => appeal?.outcome === null) ?? 0
      const outcome = oneOf(['upheld', 'varied', 'overturned'] as const, choice)
      return { act, decision: Math.max(0, open), outcome, reasons: WHY }
    }
    case 'contract.terminate':
      return { act, reasons: WHY, ...(choice % 3 === 0 ? {} : { from: from + 5 * DAY_MS }) }
    default:
      return { act, reasons: WHY }
  }
}

function spoiltOf({ at, life, events }: ContractStory, { spoilt }: Step): object {
  switch (spoilt) {
    case 'round':
      return { round: (life?.round ?? 0) - 1 }
    case 'digest':
      return { digest: `sha256:${'9'.repeat(64)}` }
    case 'nonce': {
      const used = events.findLast(({ event }) => event.type === 'contract-signed')
      return used ? { nonce: used.act.nonce } : {}
    }
    case 'clock':
      return { at: at - DAY_MS }
    case 'nothing':
      return {}
  }
}

export function begun(example: Contract, isSigned: boolean): ContractStory {
  const context = {
    ...OSINT_CONTEXT,
    customer: example.customer,
    determined: determinedOf(example),
  }
  const story = new ContractStory(context, example.determination.decided + DAY_MS)
  if (!isSigned) return story
  story.go('counsel', draftOf(example)).go('counsel', { act: 'contract.propose' })
  story.go('signer', { act: 'contract.sign', side: 'provider' })
  story.go('rep', { act: 'contract.sign', side: 'customer' })
  return kept(story)
}

/** With all that it takes to be in force when the term begins. */
function kept(story: ContractStory): ContractStory {
  const { at: from } = story
  const { terms, digest: acknowledges } = story.known
  for (const { id: authority } of terms.authorities) {
    const status = { status: 'in-force', from, 'review-by': from + 200 * DAY_MS } as const
    story.go('counsel', {
      act: 'contract.record-authority',
      authority,
      ...status,
      source: 'The official journal',
    })
  }
  for (const { id: deployment } of terms.deployments) {
    story.go('rep', { act: 'contract.enrol', deployment, from, acknowledges })
  }
  for (const { id: safeguard } of terms.safeguards) {
    story.go('rep', { act: 'contract.attest', safeguard, from, until: from + 31 * DAY_MS })
  }
  return story
}

/** Tries a step after its days have passed; says which act it was, and what came of it. */
export function tryStep(
  story: ContractStory,
  step: Step,
  example: Contract,
): { readonly act: ContractAct; readonly done: ContractDecided } {
  story.after(step.days)
  const act = step.isNext ? nextOf(story, step) : step.act
  const by = step.isNext ? doerOf(act, step.choice) : step.by
  const role = step.isNext ? PARTIES[by] : step.role
  const command = commandOf(story, act, step, example)
  return { act, done: story.do(command, story.actOf(by, role, spoiltOf(story, step))) }
}
