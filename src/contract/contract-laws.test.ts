import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { begun, type Step, telling, tryStep } from '../../test/contract-steps.ts'
import { type ContractStory, OSINT_CONTEXT, PROVIDER } from '../../test/contract-story.ts'
import { RUNS } from '../../test/runs.ts'
import { complement, intersect, type Spans, span } from '../interval.ts'
import { excludeEachOther } from '../people.ts'
import { namesOf } from '../policy/check-policy.ts'
import { newReport } from '../problem.ts'
import type { Instant } from '../time.ts'
import { checkAgreed } from './agreed.ts'
import { checkContract } from './check-contract.ts'
import { type Contract, contract as contractShape } from './contract.ts'
import type { ContractAct } from './contract-commands.ts'
import { type ContractLife, contractOf, contractStateAt } from './contract-life.ts'
import { contractLeadsTo } from './contract-states.ts'
import { digestOfTerms } from './drafting.ts'
import { effectiveContract, foldContract } from './fold-contract.ts'
import { type Place, type Reach, reachOf } from './reach.ts'
import { inForceDuring, isStanding, standingOf } from './standing.ts'

// What semantics §12.5 to §12.7 and §13.1 say holds of every state of a contract that random acts lead to.

/** A quarter of what other properties get in CI: each is a story of many acts. */
const STORIES = RUNS < 1_000 ? Math.ceil(RUNS / 4) : RUNS

const NAMES = namesOf(PROVIDER.policy)

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
  const isPaused = ['suspended', 'terminated', 'expired'].includes(contractStateAt(after, now))
  const isStopped = after.stops.some(({ scope, until }) => scope === 'contract' && until === null)
  const paused = isPaused || isStopped ? now : Infinity
  const ends = after.ends?.from ?? Infinity
  const wrong = placesOf(is).filter((place) => {
    const during = inForce(is, place)
    const more = without(during, inForce(was, place))
    const isMore = ADDING.has(act) ? intersect(more, span(-Infinity, now)) : more
    return isMore.length > 0 || intersect(during, span(Math.min(paused, ends), Infinity)).length > 0
  })
  expect(wrong).toEqual([])
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
  expect(isDeepStrictEqual(JSON.parse(JSON.stringify(life)), life)).toBe(true)
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
  expect(isDeepStrictEqual(contractShape.parse(z.encode(contractShape, document)), document)).toBe(
    true,
  )

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
      case 'appeal-decided': {
        const decided = events.filter((one) => isAdverse(one))[event.decision]
        expect(decided?.act.by).not.toBe(act.by)
        break
      }
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

const ADVERSE: ReadonlySet<string> = new Set([
  'contract-declined',
  'contract-withdrawn',
  'contract-suspended',
  'contract-stopped',
  'contract-terminated',
])

function isAdverse({ event, act }: ContractStory['events'][number]): boolean {
  return ADVERSE.has(event.type) && act.role !== 'customer-representative'
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
  const { life: before } = story
  const { act, done } = tryStep(story, step, example)
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

test('what people do to a contract at random keeps what is signed, and what has been', () => {
  const seen = { signed: 0, inForce: 0, amended: 0, reinstated: 0, appealed: 0 }
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
      seen.appealed += has('appeal-decided')
      const document = life && contractOf(life)
      if (document && placesOf(document).some((place) => inForce(document, place).length > 0))
        seen.inForce++
    }),
    { numRuns: STORIES },
  )
  // Or nothing was shown.
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(STORIES / 100)
})
