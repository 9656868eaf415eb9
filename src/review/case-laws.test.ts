import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Story, storyTo } from '../../test/case-story.ts'
import {
  applicationOf,
  CONTEXT,
  drafting,
  PEOPLE,
  type PersonName,
  PROVIDER,
  sha256,
} from '../../test/case-world.ts'
import { RUNS } from '../../test/runs.ts'
import type { Act } from '../act.ts'
import { excludeEachOther, type Role } from '../people.ts'
import { DAY_MS, type Instant } from '../time.ts'
import { type Case, foldCase, stateAt } from './case.ts'
import { type CaseAct, type CaseCommand, caseCommand } from './case-commands.ts'
import { leadsTo } from './case-states.ts'
import { questionsOf } from './considerations.ts'
import { contractOf, problemsOfDrafting, widerThanAsked } from './contract-of.ts'
import { determinationDigest, determinationOf, determinationText } from './determination.ts'

// Random people do random things to a case, most of them what would come next. What semantics §12.3 and §12.4 say
// holds in every state that is reached.

const ACTS = caseCommand.options.map(({ shape }) => shape.act.value)
const NAMES = Object.keys(PEOPLE) as PersonName[]
const ROLES: readonly Role[] = [
  ...new Set(Object.values(PEOPLE)),
  'approver.constructor',
  'operator',
]
const QUESTIONS = questionsOf(PROVIDER)
const APPROVERS: readonly Role[] = ['approver.policy', 'approver.legal', 'approver.safeguards']

const QUORUMS = [{ policy: 1, legal: 1, safeguards: 1 }, { policy: 2, legal: 1 }, { legal: 1 }]

/** One thing that somebody tries. Numbers choose among what there is. */
interface Step {
  /** What would come next, by somebody who usually does it; otherwise anything by anybody. */
  readonly isNext: boolean
  readonly act: CaseAct
  readonly by: PersonName
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
  by: fc.constantFrom(...NAMES),
  role: fc.constantFrom(...ROLES),
  days: fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(0, 0, 0, 1) },
    { weight: 1, arbitrary: fc.constantFrom(20, 45, 61, 91) },
  ),
  choice: fc.nat(1_000),
  spoilt: fc.oneof(
    { weight: 12, arbitrary: fc.constant('nothing' as const) },
    { weight: 1, arbitrary: fc.constantFrom('round', 'digest', 'nonce', 'clock') },
  ),
})

const telling = fc.record({
  quorum: fc.constantFrom(...QUORUMS),
  from: fc.constantFrom('nothing', 'assessed', 'determining'),
  steps: fc.array(step, { minLength: 8, maxLength: 40 }),
})

function oneOf<T>(list: readonly T[], choice: number): T {
  return list[choice % list.length] as T
}

/** What would come next, and in which role it is done. */
function nextOf(
  state: Case | undefined,
  { act, choice }: Step,
): { act: CaseAct; question?: string } {
  switch (state?.state) {
    case undefined:
      return { act: 'case.open' }
    case 'draft':
    case 'returned':
      return { act: 'case.submit' }
    case 'submitted':
      return { act: 'case.screen' }
    case 'determining':
      return { act: choice % 8 === 0 ? act : 'case.approve' }
    case 'determined':
      return { act: choice % 4 === 0 ? 'case.conclude' : 'case.declare-conflict' }
    case 'screened': {
      const missing = QUESTIONS.find(
        (one) => !state.findings.some(({ question }) => question === one),
      )
      if (!state.screening) return { act: 'case.screen' }
      if (missing !== undefined) return { act: 'case.find', question: missing }
      if (!state.harms) return { act: 'case.harms' }
      return { act: state.benefit ? 'case.draft-determination' : 'case.weigh-benefit' }
    }
    default:
      return { act }
  }
}

/** Who usually does an act, now and then somebody else who may. */
function doerOf(act: CaseAct, choice: number): { readonly by: PersonName; readonly role: Role } {
  if (act === 'case.approve') {
    const i = choice % APPROVERS.length
    const usual = oneOf(['policy', 'legal', 'safeguards'] as const, i)
    const others = ['assessor', 'assessor2', 'rep', 'legal'] as const
    const by = choice % 4 === 0 ? oneOf(others, Math.floor(choice / 12)) : usual
    return { by, role: oneOf(APPROVERS, i) }
  }
  if (act === 'case.conclude') return { by: 'signer', role: 'signatory' }
  if (act === 'case.declare-conflict') return { by: 'officer', role: 'safeguards-officer' }
  const isTheirs = ['case.open', 'case.revise', 'case.submit', 'case.withdraw'].includes(act)
  if (isTheirs) return { by: 'rep', role: 'customer-representative' }
  return { by: oneOf(['assessor', 'assessor', 'assessor', 'assessor2'], choice), role: 'assessor' }
}

const LATER = { from: '2026-03-01T00:00:00Z', until: '2026-07-31T00:00:00Z' }

/** A command of an act; some are narrower, worse or wider than what is sound. */
function commandOf(
  story: Story,
  act: CaseAct,
  { choice, by }: Step,
  question: string,
): CaseCommand {
  const sound = story.sound(act, question)
  switch (sound.act) {
    case 'case.find':
    case 'case.weigh-benefit':
      return {
        ...sound,
        finding: choice % 23 === 0 ? 'inadequate' : 'adequate',
        'valid-until': story.at + (choice % 7 === 0 ? 3 : 60) * DAY_MS,
      }
    case 'case.draft-determination':
      return oneOf(
        [drafting(), drafting({ term: LATER }), drafting({ mission: 'Another' })],
        choice % 5,
      )
    case 'case.declare-conflict':
      return { ...sound, person: choice % 2 === 0 ? by : oneOf(NAMES, choice) }
    case 'case.revise':
    case 'case.open':
      return { ...sound, application: applicationOf(choice % 9 === 0 ? { mission: '' } : {}) }
    default:
      return sound
  }
}

function actOf(
  story: Story,
  who: { readonly by: string; readonly role: Role },
  { spoilt }: Step,
): Act {
  const act = story.actOf(who.by, who.role)
  const used = story.events.findLast(({ event }) => event.type === 'determination-approved')
  switch (spoilt) {
    case 'round':
      return { ...act, round: act.round - 1 }
    case 'digest':
      return { ...act, digest: `sha256:${'9'.repeat(64)}` }
    case 'nonce':
      return { ...act, nonce: used?.act.nonce ?? act.nonce }
    case 'clock':
      return { ...act, at: act.at - DAY_MS }
    case 'nothing':
      return act
  }
}

/** Takes a step, and holds what came of it against the table and against what is shown. */
function take(story: Story, step: Step): void {
  story.at += step.days * DAY_MS
  const before = story.state
  const next = step.isNext ? nextOf(before, step) : { act: step.act }
  const who = step.isNext ? doerOf(next.act, step.choice) : step
  const question =
    'question' in next && next.question ? next.question : oneOf(QUESTIONS, step.choice)
  const act = actOf(story, who, step)
  const done = story.do(commandOf(story, next.act, step, question), act)
  const { state } = story
  if (!done.ok) return expect(state).toBe(before)
  if (!state) return expect.fail('nothing came of an act')
  if (before) {
    expect(leadsTo(stateAt(before, act.at), next.act)).toContain(state.state)
    // What is shown is never another thing in the same round, and its text says so.
    if (before.round === state.round)
      expect(determinationText(state)).toBe(determinationText(before))
    else expect(state.round).toBeGreaterThan(before.round)
  }
  checkCase(story, state)
}

/** What holds of a case in every state. */
function checkCase(story: Story, state: Case): void {
  expect(JSON.parse(JSON.stringify(state))).toStrictEqual(state)
  const given = story.events.filter(({ event }) => event.type === 'determination-approved')
  expect(state.approvals.length + state.voided.length).toBe(given.length)
  const digest = determinationDigest(state, sha256)
  for (const approval of state.approvals) {
    expect(approval).toMatchObject({ round: state.round, digest })
  }
  const nonces = given.map(({ act }) => act.nonce)
  expect(new Set(nonces).size).toBe(nonces.length)
  if (state.state === 'determined') checkDetermined(story, state)
}

/** The acts that approve what is shown now: those that no later event voids. */
function standingApprovals({ events }: Story): readonly Act[] {
  return events.flatMap(({ event, act }, i) => {
    if (event.type !== 'determination-approved') return []
    const isVoided = events.slice(i).some(({ event: later }) => {
      return later.type === 'approvals-voided' && later.approvals.some(({ by }) => by === act.by)
    })
    return isVoided ? [] : [act]
  })
}

/** Semantics §12.3, told from the events rather than from the state that was folded. */
function checkDetermined(story: Story, state: Case): void {
  const acts = standingApprovals(story)
  const people = acts.map(({ by }) => by)
  const { quorum } = story.context.provider.exceptions
  const roles = acts.map(({ role }) => role).sort()
  const needed = Object.entries(quorum).flatMap(([role, n]) =>
    Array<string>(n).fill(`approver.${role}`),
  )
  expect(roles).toEqual(needed.sort())
  expect(new Set(people).size).toBe(people.length)

  const didAs = (by: string): Role[] =>
    story.events.filter(({ act }) => act.by === by).map(({ act }) => act.role)
  const decided = state.determined?.decided ?? Number.NaN
  expect(decided).toBe(acts.at(-1)?.at)
  expect(people.every((by) => didAs(by).includes('assessor'))).toBe(false)
  for (const { by, role, at } of acts) {
    expect(didAs(by)).not.toContain('customer-representative')
    expect(didAs(by).some((other) => excludeEachOther(other, role))).toBe(false)
    expect(state.conflicts.map(({ person }) => person)).not.toContain(by)
    checkFindings(state, at)
  }
  checkDetermination(state, decided)
}

/** Every question is found on, none inadequate, all of them current; so are the benefit and the harm table there. */
function checkFindings(state: Case, at: Instant): void {
  expect(state.findings.map(({ question }) => question)).toEqual([...QUESTIONS].sort())
  for (const finding of [...state.findings, state.benefit]) {
    expect(finding?.finding).toMatch(/^adequate/)
    expect(finding?.['valid-until']).toBeGreaterThan(at)
    expect(state.conflicts.map(({ person }) => person)).not.toContain(finding?.by)
    expect(state.requesters).not.toContain(finding?.by)
  }
  expect(state.harms?.rows.map(({ harm }) => harm)).toEqual(['privacy'])
  expect(state.screening).not.toBeNull()
}

function checkDetermination(state: Case, decided: Instant): void {
  const { application, drafted, id } = state
  if (!drafted) return expect.fail('determined without a draft')
  const { determination: judged } = drafted
  expect(decided).toBeLessThanOrEqual(judged.term.from)
  const drafting = { id, application, judged, signed: judged, decided }
  expect(widerThanAsked(PROVIDER, drafting)).toEqual([])
  expect(problemsOfDrafting(PROVIDER, drafting, 'determination')).toEqual([])
  expect(contractOf(PROVIDER, drafting).determination).toEqual(determinationOf(state))
}

test('what people do to a case at random keeps what a determination needs', () => {
  let determined = 0
  fc.assert(
    fc.property(telling, ({ quorum, from, steps }) => {
      const exceptions = { ...PROVIDER.exceptions, quorum }
      const context = { ...CONTEXT, provider: { ...PROVIDER, exceptions } }
      const story = from === 'nothing' ? new Story(context) : storyTo(from, context)
      for (const step of steps) take(story, step)
      const folded = story.events.reduce<Case | undefined>(foldCase, undefined)
      expect(folded).toEqual(story.state)
      if (story.events.some(({ event }) => event.type === 'case-determined')) determined++
    }),
    { numRuns: RUNS },
  )
  // Or nothing was shown of determinations.
  expect(determined).toBeGreaterThan(RUNS / 20)
})
