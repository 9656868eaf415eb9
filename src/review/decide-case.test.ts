import { describe, expect, test } from 'vitest'
import { storyTo } from '../../test/case-story.ts'
import { drafting } from '../../test/case-world.ts'
import { DAY_MS } from '../time.ts'
import type { Case } from './case.ts'
import { determinationText } from './determination.ts'

/** What is shown, but for the round. */
function shown(state: Case): string {
  return determinationText({ ...state, round: 0 })
}

describe('an edit', () => {
  test('voids every approval, and says whose', () => {
    const story = storyTo('approving')
    const { round = 0 } = story.state ?? {}
    const edited = story.do(drafting({}), story.actOf('assessor', 'assessor'))
    const approvals = [
      { by: 'policy', round },
      { by: 'legal', round },
    ]
    expect(edited).toMatchObject({
      value: [{ type: 'determination-drafted' }, { type: 'approvals-voided', approvals }],
    })
    expect(story.state).toMatchObject({ round: round + 1, approvals: [], voided: approvals })
  })

  test('lets the same people approve again', () => {
    const story = storyTo('approving')
    story.go('assessor', story.sound('case.find', 'oversight'))
    const approval = story.sound('case.approve')
    story.go('policy', approval).go('legal', approval).go('safeguards', approval)
    expect(story.state?.state).toBe('determined')
  })

  test.each(['case.screen', 'case.find', 'case.harms', 'case.weigh-benefit'] as const)(
    '%s makes another text and another round',
    (act) => {
      const story = storyTo('approving')
      const before = story.state
      story.at += DAY_MS
      story.go('assessor', story.sound(act))
      expect(story.state?.approvals).toEqual([])
      expect(story.state?.round).toBeGreaterThan(before?.round ?? Infinity)
      expect(story.state && shown(story.state)).not.toBe(before && shown(before))
    },
  )

  test('of the harm table voids the benefit, which was weighed against it', () => {
    const story = storyTo('determining')
    story.go('assessor', story.sound('case.harms'))
    expect(story.state?.benefit).toBeNull()
    expect(story.try('policy', story.sound('case.approve'))).toBe('finding-missing')
  })

  test('of an application that is returned takes the draft off the table', () => {
    const story = storyTo('approving')
    expect(story.try('legal', story.sound('case.return'))).toEqual([
      'approvals-voided',
      'findings-voided',
      'application-returned',
    ])
    expect(story.state).toMatchObject({ state: 'returned', drafted: null, approvals: [] })
  })

  test('of the application voids what was found', () => {
    const story = storyTo('assessed')
    story.go('legal', story.sound('case.return'))
    expect(story.state?.findings).toHaveLength(6)
    story.go('rep', story.sound('case.revise'))
    expect(story.state).toMatchObject({ findings: [], screening: null, harms: null, benefit: null })
  })
})

const CONFLICT = { act: 'case.declare-conflict', reason: 'A relative works there' } as const

describe('a conflict of interest', () => {
  test('of somebody who only approved leaves the others standing', () => {
    const story = storyTo('determined')
    story.go('officer', { act: 'case.declare-conflict', person: 'legal', reason: 'A relative' })
    expect(story.state).toMatchObject({
      state: 'determining',
      approvals: [{ by: 'policy' }, { by: 'safeguards' }],
      voided: [{ by: 'legal' }],
    })
    expect(story.try('signer', story.sound('case.conclude'))).toBe('wrong-state')
    expect(story.try('rep', story.sound('case.approve'), { role: 'approver.legal' })).toBe(
      'self-approval',
    )
    const other = story.do(story.sound('case.approve'), story.actOf('legal2', 'approver.legal'))
    expect(other.ok && other.value.map(({ type }) => type)).toContain('case-determined')
  })

  test('of an assessor voids what they found, and so every approval', () => {
    const story = storyTo('determined')
    story.go('assessor', story.sound('case.declare-conflict'))
    const nothing = { screening: null, findings: [], harms: null, benefit: null, drafted: null }
    expect(story.state).toMatchObject({ state: 'screened', approvals: [], ...nothing })
    expect(story.state?.voided).toHaveLength(3)
  })

  test('of who made the harm table voids the benefit that another weighed against it', () => {
    const story = storyTo('assessed')
    story.go('assessor2', story.sound('case.harms'))
    story.go('assessor', story.sound('case.weigh-benefit'))
    story.go('officer', { ...CONFLICT, person: 'assessor2' })
    expect(story.state).toMatchObject({ harms: null, benefit: null })
    expect(story.state?.findings).toHaveLength(6)
  })

  test('is not declared of another by anybody but an officer', () => {
    const story = storyTo('determined')
    const declared = { act: 'case.declare-conflict', person: 'legal', reason: 'So I hear' } as const
    expect(story.try('policy', declared)).toBe('not-permitted')
  })
})

test('an approver who also assessed is one of a quorum, not all of it', () => {
  const story = storyTo('determining')
  story.go('assessor', story.sound('case.draft-determination'))
  const approval = story.sound('case.approve')
  expect(story.try('assessor', approval, { role: 'approver.policy' })).toEqual([
    'determination-approved',
  ])
  story.go('legal', approval).go('safeguards', approval)
  expect(story.state?.state).toBe('determined')
})

test('a determination that is not signed lapses, whatever is done to it meanwhile', () => {
  const story = storyTo('determined')
  const { lapsesAt } = story.state ?? {}
  expect(lapsesAt).toBe(story.at + 60 * DAY_MS)
  story.at += DAY_MS
  story.go('officer', { act: 'case.declare-conflict', person: 'officer', reason: 'A relative' })
  expect(story.state).toMatchObject({ state: 'determined', lapsesAt })
})
