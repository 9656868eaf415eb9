import { describe, expect, test } from 'vitest'
import {
  attesting,
  BEFORE,
  BEGINS,
  type ContractStory,
  determinedOf,
  draftWith,
  ENDS,
  EVIDENCE,
  exampleOf,
  inTerm,
  meeting,
  OSINT,
  PROVIDER,
  REINSTATE_DUTY,
  REPORT_DUE,
  renewalWith,
  running,
  signedByBoth,
  statusWith,
  suspending,
  WHY,
} from '../../test/contract-story.ts'
import { DAY_MS } from '../time.ts'
import type { ContractCommand } from './contract-commands.ts'
import { contractOf, contractStateAt } from './contract-life.ts'
import { effectiveContract } from './fold-contract.ts'
import { reachOf } from './reach.ts'
import { inForceDuring, standingOf } from './standing.ts'

const PLACE = { tailoring: 'foreign-osint', deployment: 'desk-1' }

/** When the tailoring of the example is in force, as things are recorded. */
function inForce(story: ContractStory): readonly number[] {
  const contract = contractOf(story.known)
  const reach = reachOf(PROVIDER, contract, PLACE)
  return reach ? inForceDuring(standingOf(contract, reach, PLACE)) : []
}

test('a contract begins and ends by the clock, with nothing that runs', () => {
  const story = signedByBoth()
  const at = (instant: number): string => contractStateAt(story.known, instant)
  expect([at(story.at), at(BEGINS - 1), at(BEGINS), at(ENDS - 1), at(ENDS)]).toEqual([
    'approved',
    'approved',
    'in_force',
    'in_force',
    'expired',
  ])
})

test('what is drafted, signed and recorded is in force, until it is suspended', () => {
  const story = running()
  const attested = BEGINS + 15 * DAY_MS
  expect(inForce(story)).toEqual([BEGINS, attested])

  story.at = BEGINS + 2 * DAY_MS
  story.go('officer', { act: 'contract.suspend', reasons: 'A report of a wrong name' })
  expect(inForce(story)).toEqual([BEGINS, story.at])
  expect(story.try('officer', { act: 'contract.reinstate', reasons: 'It was nothing' })).toBe(
    'same-person',
  )

  const suspended = story.at
  story.after(1).go('watch', { act: 'contract.reinstate', reasons: 'The name was right' })
  expect(inForce(story)).toEqual([BEGINS, suspended, story.at, attested])

  story.after(1).go('signer', { act: 'contract.terminate', reasons: 'The Ministry has merged' })
  expect(inForce(story)).toEqual([BEGINS, suspended, suspended + DAY_MS, story.at])
  expect(contractStateAt(story.known, story.at)).toBe('terminated')
})

test('a suspension is compiled before it is under a checkpoint, a reinstatement is not', () => {
  const story = running()
  const published = story.known
  const before = story.events.length
  story.at = BEGINS + DAY_MS
  story.go('officer', { act: 'contract.suspend', reasons: 'A report' })
  const suspendedAt = story.at
  story.after(1).go('watch', { act: 'contract.reinstate', reasons: 'Nothing in it' })
  const { register } = effectiveContract(published, story.events.slice(before))
  expect(register.states.filter(({ from }) => from > BEGINS)).toEqual([
    { state: 'suspended', from: suspendedAt },
    { state: 'expired', from: ENDS },
  ])
  expect(OSINT.id).toBe(contractOf(story.known).id)
})

test('what is to end before it begins never begins', () => {
  const story = running()
  story.go('officer', { act: 'contract.suspend', reasons: 'A report' })
  const from = BEGINS - DAY_MS
  story.go('signer', { act: 'contract.terminate', from, reasons: 'The Ministry has merged' })
  story.go('watch', { act: 'contract.reinstate', reasons: 'Nothing in it' })
  expect(inForce(story)).toEqual([])
  expect(contractStateAt(story.known, BEGINS)).toBe('terminated')
})

describe('of authorities', () => {
  const now = '2026-02-04T00:00:00Z'
  const past = '2026-01-20T00:00:00Z'
  const review = { 'review-by': '2026-08-01T00:00:00Z' }

  test('a status to rely on is never back-dated, one not to rely on may say since when', () => {
    expect(inTerm().try('counsel', statusWith({ from: past, ...review }))).toBe('back-dated')
    expect(inTerm().try('counsel', statusWith({ from: now, ...review }))).toBe('done')
    expect(inTerm().try('counsel', statusWith({ from: past, status: 'repealed' }))).toBe('done')
  })

  test('a status not to rely on counts from its instant, whatever was recorded of later ones', () => {
    const story = inTerm().go('counsel', statusWith({ from: '2026-02-20T00:00:00Z', ...review }))
    story.go('counsel', statusWith({ from: past, status: 'repealed' }))
    expect(story.known.authorities.map((row) => row.status)).toEqual(['repealed'])
  })
})

test('an incident is late after 72 hours, and recorded all the same', () => {
  const happened = BEGINS
  const story = inTerm().go('rep', {
    act: 'contract.report-incident',
    happened,
    kind: 'a',
    summary: EVIDENCE,
  })
  story.at += 1
  story.go('officer', { act: 'contract.report-incident', happened, kind: 'a', summary: EVIDENCE })
  expect(story.known.incidents.map(({ isLate }) => isLate)).toEqual([false, true])
})

test('a duty met after its grace waits for a second person', () => {
  const story = inTerm()
  story.at = REPORT_DUE + 7 * DAY_MS + 1
  story.go('officer', meeting())
  expect(story.try('officer', REINSTATE_DUTY)).toBe('same-person')
  expect(story.try('rep', REINSTATE_DUTY)).toBe('not-permitted')
  expect(story.try('watch', REINSTATE_DUTY)).toBe('done')
})

test('whoever has suspended it, none of them reinstates it', () => {
  const story = inTerm().go('officer', suspending(WHY)).go('watch', suspending('Another one'))
  expect(story.try('watch', { act: 'contract.reinstate', reasons: WHY })).toBe('same-person')
  expect(story.try('officer', { act: 'contract.reinstate', reasons: WHY })).toBe('same-person')
  expect(story.try('signer', { act: 'contract.reinstate', reasons: WHY })).toBe('done')
})

test('a stop and a suspension are not refused for a clock that is behind', () => {
  const story = inTerm().go('rep', meeting())
  const at = story.at - DAY_MS
  const stop: ContractCommand = {
    act: 'contract.stop',
    scope: { tailoring: 'foreign-osint' },
    reasons: WHY,
  }
  expect(story.try('officer', stop, { at })).toBe('done')
  expect(story.try('officer', suspending(WHY), { at })).toBe('done')
  expect(story.known.stops[0]?.from).toBe(story.at)
  expect(story.known.states).toContainEqual({ state: 'suspended', from: story.at })
  expect(story.try('rep', attesting(at, story.at), { at })).toBe('out-of-order')
})

test('a renewal begins when the renewed term ends', () => {
  expect(renewalWith('osint-2025', BEFORE)).toBe('done')
  const other = exampleOf('cables-2026')
  expect(renewalWith(other.id, other)).toBe('renewed-unknown')
})

test('a contract names what its determination renews, and nothing else', () => {
  const determined = { ...determinedOf(OSINT), renews: 'osint-2025' }
  const renewing = { determined, renewed: BEFORE }
  expect(draftWith(renewing)).toBe('renewal-other')
  expect(draftWith(renewing, { renews: 'osint-2024' })).toBe('renewal-other')
  expect(draftWith(renewing, { renews: 'osint-2025' })).toBe('done')
})

test('each termination ends it sooner than the one before', () => {
  const story = inTerm().go('signer', {
    act: 'contract.terminate',
    from: ENDS - DAY_MS,
    reasons: WHY,
  })
  const again = (from: number): string =>
    story.try('signer', { act: 'contract.terminate', from, reasons: WHY })
  expect([again(ENDS - DAY_MS), again(story.at - 1), again(story.at + DAY_MS)]).toEqual([
    'ends-sooner',
    'back-dated',
    'done',
  ])
})
