import { expect, test } from 'vitest'
import { renewal, Story, storyOf, storyOn, storyTo, storyUnder } from '../../test/case-story.ts'
import {
  applicationOf,
  CONTEXT,
  drafting,
  inApril,
  instantOf,
  OPENED,
  PROVIDER,
  soundCommand,
} from '../../test/case-world.ts'
import { DAY_MS } from '../time.ts'
import { application } from './application.ts'
import { caseCommand } from './case-commands.ts'
import { CASE_REFUSALS, type CaseRefusal } from './case-refusals.ts'

/** An act of the assessor on the first finding, with some fields replaced. */
function found(changes: object): CaseRefusal | string[] {
  const story = storyTo('screened')
  const command = { ...story.sound('case.find'), ...changes }
  return story.try('assessor', command as ReturnType<Story['sound']>)
}

const LONGER = { from: '2026-02-01T00:00:00Z', until: '2026-08-01T00:00:00Z' }

function declined(): Story {
  const story = storyTo('submitted')
  return story.go('legal', story.sound('case.decline'))
}

/** For each code the act that is refused with it. */
const REFUSALS: Readonly<Record<CaseRefusal, () => CaseRefusal | string[]>> = {
  'case-unknown': () => {
    const story = new Story()
    return story.try('rep', story.sound('case.submit'))
  },
  'case-exists': () => {
    const story = storyTo('draft')
    return story.try('rep', story.sound('case.open'))
  },
  'case-lapsed': () => {
    const story = storyTo('determined')
    story.at += 60 * DAY_MS
    return story.try('signer', story.sound('case.conclude'))
  },
  'wrong-state': () => {
    const story = storyTo('submitted')
    return story.try('rep', story.sound('case.revise'))
  },
  'out-of-order': () => {
    const story = storyTo('draft')
    story.at -= 1
    return story.try('rep', story.sound('case.submit'))
  },
  'not-permitted': () => {
    const story = storyTo('submitted')
    return story.try('legal', story.sound('case.screen'))
  },
  'another-customer': () => {
    const story = new Story()
    const asked = application.encode(applicationOf({ customer: 'another-body' }))
    return story.try('rep', caseCommand.parse({ act: 'case.open', case: 'c', application: asked }))
  },
  'role-conflict': () => {
    const story = storyTo('determined')
    return story.try('legal', story.sound('case.conclude'), { role: 'signatory' })
  },
  'conflict-of-interest': () => {
    const story = storyTo('determining')
    const reason = 'A relative works there'
    story.go('legal', { act: 'case.declare-conflict', person: 'legal', reason })
    return story.try('legal', story.sound('case.approve'))
  },
  'conflict-known': () => {
    const story = storyTo('screened')
    story.go('assessor', story.sound('case.declare-conflict'))
    return story.try('officer', story.sound('case.declare-conflict'))
  },
  'requester-cannot-assess': () => {
    const story = storyTo('submitted')
    return story.try('rep', story.sound('case.screen'), { role: 'assessor' })
  },
  'self-approval': () => {
    const story = storyTo('determining')
    return story.try('rep', story.sound('case.approve'), { role: 'approver.legal' })
  },
  'customer-changed': () => {
    const story = storyTo('draft')
    const asked = application.encode(applicationOf({ customer: 'another-body' }))
    return story.try('rep', caseCommand.parse({ act: 'case.revise', application: asked }))
  },
  'application-unsound': () => {
    const story = storyOf({ mission: '' })
    return story.try('rep', story.sound('case.submit'))
  },
  'reasons-missing': () => {
    const story = storyTo('submitted')
    return story.try('legal', { act: 'case.decline', reasons: ' ' })
  },
  'evidence-missing': () => found({ evidence: [] }),
  'unknown-consideration': () => found({ question: 'oversite' }),
  'provisos-unfit': () => found({ finding: 'adequate-with-provisos' }),
  'validity-unfit': () => found({ 'valid-until': OPENED + 90 * DAY_MS + 1 }),
  'finding-copied': () => {
    const story = renewal('2026-07-10T00:00:00Z', 'screened')
    const rationale = storyTo('determined').state?.findings[0]?.rationale ?? ''
    const copied = { ...story.sound('case.find', 'dialogue'), rationale }
    return story.try('assessor', copied as ReturnType<Story['sound']>)
  },
  'harms-unsound': () => {
    const story = storyTo('screened')
    return story.try('assessor', { act: 'case.harms', rows: [] })
  },
  'screening-missing': () => {
    const story = storyTo('screened')
    story.go('assessor', story.sound('case.declare-conflict'))
    return story.try('assessor2', drafting({}))
  },
  'finding-missing': () => {
    const story = storyTo('screened')
    return story.try('assessor', drafting({}))
  },
  'finding-stale': () => {
    const story = storyTo('approving', CONTEXT, inApril())
    story.at += 60 * DAY_MS
    return story.try('safeguards', story.sound('case.approve'))
  },
  'finding-against': () => {
    const story = storyTo('determining')
    const against = { ...story.sound('case.find', 'oversight'), finding: 'inadequate' }
    story.go('assessor', against as ReturnType<Story['sound']>)
    return story.try('policy', story.sound('case.approve'))
  },
  'harms-missing': () => {
    const story = storyTo('screened')
    return story.try('assessor', story.sound('case.weigh-benefit'))
  },
  'quorum-unset': () => {
    const story = storyUnder('assessed', { quorum: {} })
    return story.try('assessor', drafting({}))
  },
  'determination-unsound': () => {
    const story = storyTo('assessed')
    return story.try('assessor', drafting({ safeguards: [{ id: 'analyst-review' }] }))
  },
  'wider-than-applied': () => {
    const story = storyTo('assessed')
    return story.try('assessor', drafting({ term: LONGER }))
  },
  'policy-changed': () => {
    const policy = { ...PROVIDER.policy, version: '2026-01-15' }
    const story = storyOn('determining', { ...CONTEXT, provider: { ...PROVIDER, policy } })
    return story.try('policy', story.sound('case.approve'))
  },
  'back-dated': () => {
    const story = storyTo('approving')
    story.at = instantOf('2026-02-01T00:00:00Z') + 1
    return story.try('safeguards', story.sound('case.approve'))
  },
  'renewed-unknown': () => {
    const story = storyOf({ renews: 'osint-2025' })
    return story.try('rep', story.sound('case.submit'))
  },
  'renewal-term': () => {
    const story = renewal('2026-07-10T00:00:00Z', 'assessed')
    const term = { from: '2026-08-01T00:00:00Z', until: '2027-01-20T00:00:00Z' }
    return story.try('assessor', drafting({ term }, story.state?.application))
  },
  'outside-renewal-window': () => {
    const story = renewal('2026-06-30T00:00:00Z', 'determining')
    return story.try('policy', story.sound('case.approve'))
  },
  'edited-since': () => {
    const story = storyTo('approving')
    const seen = story.actOf('safeguards', 'approver.safeguards')
    story.go('assessor2', story.sound('case.find', 'oversight'))
    const late = story.do(story.sound('case.approve'), seen)
    return late.ok ? [] : late.error.code
  },
  'nonce-used': () => {
    const story = storyTo('determining')
    story.try('policy', story.sound('case.approve'), { nonce: 'n' })
    return story.try('legal', story.sound('case.approve'), { nonce: 'n' })
  },
  'approved-already': () => {
    const story = storyTo('approving')
    return story.try('legal', story.sound('case.approve'), { role: 'approver.safeguards' })
  },
  'role-not-in-quorum': () => {
    const story = storyTo('determining')
    return story.try('legal', story.sound('case.approve'), { role: 'approver.constructor' })
  },
  'role-filled': () => {
    const story = storyTo('approving')
    return story.try('safeguards', story.sound('case.approve'), { role: 'approver.legal' })
  },
  'appealed-already': () => {
    const story = declined().go('rep', soundCommand('case.appeal', OPENED))
    return story.try('rep', story.sound('case.appeal'))
  },
  'not-appealed': () => declined().try('policy', soundCommand('case.decide-appeal', OPENED)),
  'appeal-decided': () => {
    const story = declined().go('rep', soundCommand('case.appeal', OPENED))
    story.go('policy', story.sound('case.decide-appeal'))
    return story.try('safeguards', story.sound('case.decide-appeal'))
  },
  'first-decider': () => {
    const story = declined().go('rep', soundCommand('case.appeal', OPENED))
    return story.try('legal', story.sound('case.decide-appeal'))
  },
  'assessors-alone': () => {
    const story = storyUnder('determining', { quorum: { policy: 1 } })
    return story.try('assessor', story.sound('case.approve'), { role: 'approver.policy' })
  },
}

test.each(Object.keys(CASE_REFUSALS) as CaseRefusal[])('%s is refused', (code) => {
  expect(REFUSALS[code]()).toBe(code)
})
