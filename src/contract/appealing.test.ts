import { describe, expect, test } from 'vitest'
import {
  APPEAL,
  codeOf,
  ENDS,
  inTerm,
  OVERTURN,
  proposed,
  signedByBoth,
  suspending,
  WHY,
} from '../../test/contract-story.ts'
import { contractStateAt } from './contract-life.ts'

describe('an appeal', () => {
  test('that succeeds reinstates nothing: that is an act of its own', () => {
    const story = inTerm().go('officer', suspending('A report of a wrong name'))
    story.after(1).go('rep', { ...APPEAL, grounds: 'The name was right' } as typeof APPEAL)
    const lodgedAt = story.at
    story.after(1).go('watch', OVERTURN)
    const { known, at } = story
    expect(known.decisions).toEqual([
      {
        what: 'suspension',
        by: 'officer',
        at: lodgedAt - 86_400_000,
        appeal: {
          by: 'rep',
          at: lodgedAt,
          grounds: 'The name was right',
          outcome: 'overturned',
          reasons: WHY,
          decidedBy: 'watch',
          decided: at,
        },
      },
    ])
    expect(contractStateAt(known, at)).toBe('suspended')
    story.go('watch', { act: 'contract.reinstate', reasons: WHY })
    expect(contractStateAt(story.known, at)).toBe('in_force')
  })

  test('against a suspension is decided by nobody who has suspended it, then or later', () => {
    const story = inTerm().go('officer', suspending(WHY)).go('rep', APPEAL)
    story.go('watch', suspending('Another report'))
    expect(story.try('watch', OVERTURN)).toBe('first-decider')
    expect(story.try('officer', OVERTURN)).toBe('first-decider')
    expect(story.try('rep', OVERTURN)).toBe('not-permitted')
    expect(codeOf(story.do(OVERTURN, story.actOf('lawyer', 'approver.legal')))).toBe('done')
  })

  test('goes on after the contract has ended', () => {
    const story = inTerm().go('officer', suspending(WHY)).go('rep', APPEAL)
    story.at = ENDS
    story.go('watch', OVERTURN)
    expect(contractStateAt(story.known, ENDS)).toBe('expired')
  })

  test('is lodged against each thing that was decided, by its place among them', () => {
    const story = inTerm().go('officer', { act: 'contract.stop', scope: 'contract', reasons: WHY })
    story.go('signer', { act: 'contract.terminate', reasons: WHY })
    story.go('rep', { act: 'contract.appeal', decision: 1, grounds: 'We have not merged' })
    expect(story.known.decisions.map(({ what, appeal }) => [what, appeal?.grounds])).toEqual([
      ['stop', undefined],
      ['termination', 'We have not merged'],
    ])
    const decide = { act: 'contract.decide-appeal', outcome: 'upheld', reasons: WHY } as const
    expect(story.try('signer', { ...decide, decision: 1 })).toBe('first-decider')
    expect(story.try('deputy', { ...decide, decision: 0 })).toBe('not-appealed')
    expect(story.try('officer', { ...decide, decision: 1 })).toBe('done')
  })

  test('names grounds, and its decision reasons', () => {
    const story = inTerm().go('officer', suspending(WHY))
    expect(story.try('rep', { act: 'contract.appeal', decision: 0, grounds: ' ' })).toBe(
      'reasons-missing',
    )
    story.go('rep', APPEAL)
    expect(story.try('watch', { ...OVERTURN, reasons: '' } as typeof OVERTURN)).toBe(
      'reasons-missing',
    )
  })
})

test('what the customer itself has done is no decision against it', () => {
  const declined = proposed().go('rep', { act: 'contract.decline', reasons: WHY })
  expect(declined.try('clerk', APPEAL)).toBe('decision-unknown')
  const stopped = inTerm().go('rep', { act: 'contract.stop', scope: 'contract', reasons: WHY })
  expect(stopped.try('clerk', APPEAL)).toBe('decision-unknown')
})

test('that the provider declines to sign or withdraws is appealed against, too', () => {
  const declined = proposed().go('signer', { act: 'contract.decline', reasons: WHY })
  const withdrawn = signedByBoth().go('signer', { act: 'contract.withdraw', reasons: WHY })
  for (const story of [declined, withdrawn]) {
    expect(story.go('rep', APPEAL).try('deputy', OVERTURN)).toBe('done')
  }
  expect(declined.known.decisions[0]?.what).toBe('decline')
  expect(withdrawn.known.decisions[0]?.what).toBe('withdrawal')
})
