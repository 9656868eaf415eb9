import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import {
  ContractStory,
  determinedOf,
  draftOf,
  exampleOf,
  OSINT,
  OSINT_CONTEXT,
  PARTIES,
  type PartyName,
  PROVIDER,
} from '../../test/contract-story.ts'
import { RUNS } from '../../test/runs.ts'
import { digestOf } from '../digest.ts'
import { complement, intersect, type Spans, span } from '../interval.ts'
import { excludeEachOther, type Role } from '../people.ts'
import { namesOf } from '../policy/check-policy.ts'
import { newReport } from '../problem.ts'
import { DAY_MS, type Instant } from '../time.ts'
import { checkAgreed } from './agreed.ts'
import { checkContract } from './check-contract.ts'
import { type Contract, contract as contractShape, type Terms } from './contract.ts'
import { type ContractAct, type ContractCommand, contractCommand } from './contract-commands.ts'
import { type ContractLife, contractOf, contractStateAt } from './contract-life.ts'
import { contractLeadsTo } from './contract-states.ts'
import { digestOfTerms } from './drafting.ts'
import { effectiveContract, foldContract } from './fold-contract.ts'
import { type Place, type Reach, reachOf } from './reach.ts'
import { inForceDuring, isStanding, standingOf } from './standing.ts'

// Random people do random things to a contract, most of them what would come next. What semantics §12.5 to §12.7 and
// §13.1 say holds in every state that is reached.

/** A quarter of what other properties get in CI: each is a story of many acts. */
const STORIES = RUNS < 1_000 ? Math.ceil(RUNS / 4) : RUNS

const JOINT = exampleOf('joint-cell-2026')
const NAMES = namesOf(PROVIDER.policy)
const ACTS = contractCommand.options.map(({ shape }) => shape.act.value)
const PEOPLE = Object.keys(PARTIES) as PartyName[]
const ROLES: readonly Role[] = [...new Set(Object.values(PARTIES)), 'operator', 'auditor']

/** One thing that somebody tries. Numbers choose among what there is. */
interface Step {
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

const telling = fc.record({
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
  ],
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
      return either ? 'rep' : 'clerk'
    case 'contract.terminate':
    case 'contract.withdraw':
      return 'signer'
    default:
      return oneOf(['officer', 'watch', 'signer', 'deputy'], choice)
  }
}

/** Terms that are narrower, or wider, or neither; most of them narrower. */
function changed(terms: Terms, at: Instant, choice: number): Terms {
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

const WHY = 'A reason'
const EVIDENCE = digestOf('e'.repeat(64))

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
      return { act, terms: changed(terms, at, choice) }
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
    case 'contract.terminate':
      return { act, reasons: WHY, ...(choice % 3 === 0 ? {} : { from: from + 5 * DAY_MS }) }
    default:
      return { act, reasons: WHY }
  }
}

function placesOf({ terms }: Contract): readonly Place[] {
  return terms.tailorings.flatMap(({ id: tailoring }) =>
    terms.deployments.map(({ id: deployment }) => ({ tailoring, deployment })),
  )
}

function inForce(contract: Contract | undefined, place: Place): Spans {
  const reach = contract && reachOf(PROVIDER, contract, place)
  return contract && reach ? inForceDuring(standingOf(contract, reach, place)) : []
}

function without(a: Spans, b: Spans): Spans {
  return intersect(a, complement(b))
}

/** Acts that add something to what is in force, from when they are recorded on. */
const ADDING: ReadonlySet<ContractAct> = new Set([
  'contract.sign',
  'contract.enrol',
  'contract.attest',
  'contract.record-authority',
  'contract.meet-duty',
  'contract.reinstate-duty',
  'contract.lift-stop',
  'contract.reinstate',
])

/** What is in force never comes to be more where it has been, and only some acts make it more ahead. */
function checkInForce(
  before: ContractLife | undefined,
  after: ContractLife,
  act: ContractAct,
): void {
  const [was, is] = [before && contractOf(before), contractOf(after)]
  const now = after.actedAt
  for (const place of placesOf(is)) {
    const more = without(inForce(is, place), inForce(was, place))
    expect(intersect(more, span(-Infinity, now))).toEqual([])
    if (!ADDING.has(act)) expect(more).toEqual([])
    const { from: ends } = after.ends ?? { from: Infinity }
    expect(intersect(inForce(is, place), span(ends, Infinity))).toEqual([])
    const isPaused = ['suspended', 'terminated', 'expired'].includes(contractStateAt(after, now))
    const isStopped = after.stops.some(({ scope, until }) => scope === 'contract' && until === null)
    if (isPaused || isStopped)
      expect(intersect(inForce(is, place), span(now, Infinity))).toEqual([])
  }
}

/** A tailoring's reach only narrows once both have signed (semantics §12.5). */
function checkNarrower(before: ContractLife, after: ContractLife): void {
  const [was, is] = [contractOf(before), contractOf(after)]
  for (const place of placesOf(is)) {
    const [wide, narrow] = [reachOf(PROVIDER, was, place), reachOf(PROVIDER, is, place)]
    if (narrow) expect(wide && isNarrower(narrow, wide)).toBe(true)
  }
  expect(is.determination).toEqual(was.determination)
  expect(is.terms.mission).toBe(was.terms.mission)
  expect(is.terms.policy).toBe(was.terms.policy)
}

function isNarrower(narrow: Reach, wide: Reach): boolean {
  const isIn = (a: readonly string[], b: readonly string[]): boolean =>
    a.every((one) => b.includes(one))
  return (
    isIn(narrow.lifts, wide.lifts) &&
    isIn(narrow.uses, wide.uses) &&
    isIn(narrow.models, wide.models) &&
    Object.entries(wide.scope).every(([fact, values]) =>
      isIn(narrow.scope[fact] ?? ['?'], values),
    ) &&
    without(narrow.term, wide.term).length === 0 &&
    isIn(wide.authorities, narrow.authorities) &&
    isIn(wide.safeguards, narrow.safeguards) &&
    isIn(wide.obligations, narrow.obligations)
  )
}

/** What holds of a contract in every state, told from the events where they say it. */
function checkLife(story: ContractStory, life: ContractLife): void {
  expect(JSON.parse(JSON.stringify(life))).toStrictEqual(life)
  expect(life.digest).toBe(digestOfTerms(life.terms, OSINT_CONTEXT.sha256))
  for (const [i, { person, role }] of life.acted.entries()) {
    const others = life.acted.slice(i).filter((one) => one.person === person)
    expect(others.some((other) => excludeEachOther(other.role, role))).toBe(false)
  }
  const given = story.events.filter(({ event }) => event.type === 'contract-signed')
  expect(life.signatures.length + life.voided.length).toBe(given.length)
  if (story.events.some(({ event }) => event.type === 'contract-approved')) checkSigned(story, life)
  else
    for (const one of life.signatures)
      expect(one).toMatchObject({ round: life.round, digest: life.digest })
}

function checkSigned({ events, context }: ContractStory, life: ContractLife): void {
  const document = contractOf(life)
  const report = newReport()
  checkContract(PROVIDER, NAMES, document, report)
  const { determined } = context
  const { deployments, duties, tailorings } = document.determination
  if (determined)
    checkAgreed({ ...determined.judged, deployments, duties, tailorings }, life.terms, report)
  expect(report.problems.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(contractShape.parse(z.encode(contractShape, document))).toEqual(document)

  const [one, other] = life.signatures
  expect(life.signatures).toHaveLength(2)
  expect(one?.by).not.toBe(other?.by)
  expect(new Set([one?.side, other?.side])).toEqual(new Set(['provider', 'customer']))
  const approved = events.find(({ event }) => event.type === 'contract-approved')
  const signed = life.versions.find(
    ({ at, round }) => round === one?.round && at <= (approved?.act.at ?? 0),
  )
  for (const signature of life.signatures) {
    expect(determined?.approvedBy).not.toContain(signature.by)
    expect(signature.digest).toBe(signed?.digest)
    expect(signature.at).toBeLessThanOrEqual(life.terms.term.from)
  }
}

/** Another person undoes or completes; nothing that adds is dated before it is recorded. */
function checkEvents({ events }: ContractStory): void {
  let suspenders: string[] = []
  const stoppers: string[] = []
  for (const [i, { event, act }] of events.entries()) {
    switch (event.type) {
      case 'contract-suspended':
        suspenders.push(act.by)
        break
      case 'contract-reinstated':
        expect(suspenders).not.toContain(act.by)
        suspenders = []
        break
      case 'contract-stopped':
        stoppers.push(act.by)
        break
      case 'stop-lifted':
        expect(stoppers[event.stop]).not.toBe(act.by)
        break
      case 'duty-reinstated':
        expect(whoMet(events.slice(0, i), event)).not.toContain(act.by)
        break
      case 'deployment-enrolled':
      case 'safeguard-attested':
        expect(event.from).toBeGreaterThanOrEqual(act.at)
        break
      case 'authority-recorded': {
        const { status, from } = event.row
        if (isStanding(status)) expect(from).toBeGreaterThanOrEqual(act.at)
      }
    }
  }
}

function whoMet(
  events: ContractStory['events'],
  { duty, due }: { readonly duty: string; readonly due: Instant },
): readonly string[] {
  const met = events.filter(({ event }) => {
    return event.type === 'duty-met' && event.duty === duty && event.due === due
  })
  expect(met).toHaveLength(1)
  return met.map(({ act }) => act.by)
}

/** Before the rest is under a checkpoint, stops and suspensions take effect and nothing else does (semantics §13.1). */
function checkEffective({ events }: ContractStory, split: number): void {
  const isPublished = Math.min(events.length, 1 + split)
  const published = events
    .slice(0, isPublished)
    .reduce<ContractLife | undefined>(foldContract, undefined)
  if (!published) return
  const rest = events.slice(isPublished)
  const effective = effectiveContract(published, rest)
  const first = rest.find(({ event }) => event.type === 'contract-suspended')
  const from = first?.event.type === 'contract-suspended' ? first.event.from : Infinity
  for (const place of placesOf(effective)) {
    const during = inForce(effective, place)
    expect(without(during, inForce(contractOf(published), place))).toEqual([])
    expect(intersect(during, span(from, Infinity))).toEqual([])
    for (const { event } of rest) {
      if (event.type !== 'contract-stopped' || event.scope !== 'contract') continue
      expect(intersect(during, span(event.from, Infinity))).toEqual([])
    }
  }
}

/** Takes a step, and holds what came of it against the table and the laws. */
function take(story: ContractStory, step: Step, example: Contract): boolean {
  story.after(step.days)
  const { life: before } = story
  const act = step.isNext ? nextOf(story, step) : step.act
  const by = step.isNext ? doerOf(act, step.choice) : step.by
  const role = step.isNext ? PARTIES[by] : step.role
  const command = commandOf(story, act, step, example)
  const done = story.do(command, story.actOf(by, role, spoiltOf(story, step)))
  const { life } = story
  if (!done.ok) {
    expect(life).toBe(before)
    return false
  }
  if (!life) return expect.fail('nothing came of an act')
  if (before) {
    const to = contractStateAt(life, life.actedAt)
    expect(contractLeadsTo(contractStateAt(before, life.actedAt), act)).toContain(to)
    if (life.terms !== before.terms) expect(life.round).toBe(before.round + 1)
    if (act === 'contract.amend') checkNarrower(before, life)
  }
  checkInForce(before, life, act)
  checkLife(story, life)
  return true
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

function begun(example: Contract, isSigned: boolean): ContractStory {
  const context = {
    ...OSINT_CONTEXT,
    customer: example.customer,
    determined: determinedOf(example),
  }
  const story = new ContractStory(context, example.determination.decided + DAY_MS)
  if (!isSigned) return story
  story.go('counsel', draftOf(example)).go('counsel', { act: 'contract.propose' })
  story.go('signer', { act: 'contract.sign', side: 'provider' })
  return story.go('rep', { act: 'contract.sign', side: 'customer' })
}

test('what people do to a contract at random keeps what is signed, and what has been', () => {
  const seen = { signed: 0, inForce: 0, amended: 0, reinstated: 0 }
  fc.assert(
    fc.property(telling, fc.nat(40), ({ example, isSigned, steps }, split) => {
      const story = begun(example, isSigned)
      for (const step of steps) take(story, step, example)
      const { life, events } = story
      const told = JSON.parse(JSON.stringify(events)) as typeof events
      expect(told.reduce<ContractLife | undefined>(foldContract, undefined)).toEqual(life)
      checkEvents(story)
      checkEffective(story, split)
      const has = (type: string): number =>
        events.some(({ event }) => event.type === type) ? 1 : 0
      seen.signed += isSigned ? 0 : has('contract-approved')
      seen.amended += has('terms-amended')
      seen.reinstated += has('contract-reinstated')
      const document = life && contractOf(life)
      if (document && placesOf(document).some((place) => inForce(document, place).length > 0))
        seen.inForce++
    }),
    { numRuns: STORIES },
  )
  // Or nothing was shown.
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(STORIES / 100)
})
