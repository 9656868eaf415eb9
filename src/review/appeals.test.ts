import { expect, test } from 'vitest'
import { type Story, storyTo } from '../../test/case-story.ts'
import { DAY_MS } from '../time.ts'
import { stateAt } from './case.ts'

function declined(): Story {
  const story = storyTo('approving')
  return story.go('legal', story.sound('case.decline'))
}

test('an appeal that succeeds leaves the case declined', () => {
  const story = declined()
  story.at += 200 * DAY_MS
  story.go('rep', story.sound('case.appeal')).go('safeguards', story.sound('case.decide-appeal'))
  const { state, at } = story
  expect(state && stateAt(state, at)).toBe('declined')
  expect(state?.appeal).toEqual({
    by: 'rep',
    at,
    grounds: 'The safeguard was not looked at',
    outcome: 'overturned',
    reasons: 'For these reasons',
    decidedBy: 'safeguards',
    decided: at,
  })
})

test('who has assessed or approved in the case decides no appeal in it', () => {
  const story = declined().go('rep', declined().sound('case.appeal'))
  const decide = story.sound('case.decide-appeal')
  expect(story.try('legal', decide)).toBe('first-decider')
  expect(story.try('policy', decide)).toBe('first-decider')
  expect(story.try('assessor', decide)).toBe('first-decider')
  expect(story.try('rep', decide, { role: 'approver.legal' })).toBe('self-approval')
  expect(story.try('assessor2', decide)).toEqual(['appeal-decided'])
})

test('an appeal has grounds, and its decision reasons', () => {
  const story = declined()
  expect(story.try('rep', { act: 'case.appeal', grounds: ' ' })).toBe('reasons-missing')
  story.go('rep', story.sound('case.appeal'))
  const silent = { act: 'case.decide-appeal', outcome: 'upheld', reasons: '' } as const
  expect(story.try('safeguards', silent)).toBe('reasons-missing')
})
