import { describe, expect, test } from 'vitest'
import {
  APPEAL,
  attesting,
  BEFORE,
  BEGINS,
  ContractStory,
  codeOf,
  DRAFT,
  DRAFTED_AT,
  determinedOf,
  drafted,
  draftWith,
  ENDS,
  EVIDENCE,
  inTerm,
  meeting,
  NARROWER,
  OSINT,
  OSINT_CONTEXT,
  OVERTURN,
  proposed,
  REINSTATE_DUTY,
  REPORT_DUE,
  renewalWith,
  SIGN_CUSTOMER,
  SIGN_PROVIDER,
  signedByBoth,
  statusWith,
  suspending,
  tryEnrol,
  WHY,
  withTerms,
} from '../../test/contract-story.ts'
import { DAY_MS } from '../time.ts'
import { CONTRACT_REFUSALS, type ContractRefusal } from './contract-refusals.ts'

const determined = determinedOf(OSINT)

/** How each refusal comes about. */
const REFUSALS: Readonly<Record<ContractRefusal, () => string>> = {
  'contract-unknown': () => new ContractStory().try('counsel', { act: 'contract.propose' }),
  'contract-exists': () => drafted().try('counsel', DRAFT),
  'contract-lapsed': () => proposed().after(60).try('signer', SIGN_PROVIDER),
  'wrong-state': () => drafted().try('signer', SIGN_PROVIDER),
  'out-of-order': () => proposed().after(-1).try('signer', SIGN_PROVIDER),
  'not-permitted': () => drafted().try('rep', { act: 'contract.propose' }),
  'another-customer': () =>
    proposed({ ...OSINT_CONTEXT, customer: 'coast-guard' }).try('rep', SIGN_CUSTOMER),
  'role-conflict': () => {
    const story = proposed().go('signer', SIGN_PROVIDER)
    const done = story.do(SIGN_CUSTOMER, story.actOf('signer', 'customer-representative'))
    return done.ok ? 'done' : done.error.code
  },
  'not-determined': () => draftWith({ determined: undefined }),
  'determination-changed': () => {
    const story = drafted({ ...OSINT_CONTEXT })
    const other = { ...OSINT_CONTEXT, determined: { ...determined, digest: EVIDENCE } }
    return codeOf(story.do({ act: 'contract.propose' }, story.actOf('counsel', 'assessor'), other))
  },
  'determination-lapsed': () => draftWith({ determined: { ...determined, lapsesAt: DRAFTED_AT } }),
  'wider-than-determined': () => draftWith({}, withTerms({ mission: 'Assess anything' })),
  'terms-unsound': () => draftWith({}, withTerms({ clauses: [] })),
  'back-dated': () => {
    const story = drafted()
    story.at = BEGINS + 1
    return story.try('counsel', { act: 'contract.propose' })
  },
  'renewal-other': () => draftWith({ renewed: BEFORE }, { renews: 'osint-2025' }),
  'renewed-unknown': () => renewalWith('osint-2025', null),
  'renewed-ended': () => {
    const states = [{ state: 'terminated' as const, from: BEGINS }]
    const renewed = { ...BEFORE, register: { ...BEFORE.register, states } }
    return renewalWith('osint-2025', renewed)
  },
  'renewal-term': () => {
    const term = { from: '2026-02-02T00:00:00Z', until: '2026-07-31T00:00:00Z' }
    return renewalWith('osint-2025', BEFORE, withTerms({ term }))
  },
  'reasons-missing': () => inTerm().try('officer', suspending(' ')),
  'edited-since': () => {
    const story = proposed()
    const { digest } = story.known
    story.go('counsel', { act: 'contract.revise', terms: NARROWER })
    return story.go('counsel', { act: 'contract.propose' }).try('signer', SIGN_PROVIDER, { digest })
  },
  'nonce-used': () => {
    const story = proposed().go('signer', SIGN_PROVIDER)
    return story.try('rep', SIGN_CUSTOMER, { nonce: story.events.at(-1)?.act.nonce ?? '' })
  },
  'wrong-side': () => proposed().try('signer', SIGN_CUSTOMER),
  'signed-already': () => proposed().go('signer', SIGN_PROVIDER).try('signer', SIGN_PROVIDER),
  'approver-cannot-sign': () =>
    proposed({ ...OSINT_CONTEXT, determined: { ...determined, approvedBy: ['signer'] } }).try(
      'signer',
      SIGN_PROVIDER,
    ),
  'unknown-name': () => inTerm().try('rep', { act: 'contract.unenrol', deployment: 'desk-2' }),
  'enrolled-already': () => {
    const story = inTerm()
    return tryEnrol(story, story.at)
  },
  'not-enrolled': () =>
    signedByBoth().try('rep', { act: 'contract.unenrol', deployment: 'desk-1' }),
  'winding-down': () => {
    const story = inTerm().go('signer', {
      act: 'contract.terminate',
      from: ENDS - DAY_MS,
      reasons: WHY,
    })
    story.go('rep', { act: 'contract.unenrol', deployment: 'desk-1' })
    return tryEnrol(story, story.at)
  },
  'attested-too-long': () =>
    inTerm().try('rep', attesting(BEGINS + 3 * DAY_MS, BEGINS + 34 * DAY_MS + 1)),
  'empty-interval': () => inTerm().try('rep', attesting(BEGINS + 4 * DAY_MS, BEGINS + 4 * DAY_MS)),
  'source-missing': () => inTerm().try('counsel', statusWith({ source: ' ' })),
  'review-missing': () => inTerm().try('counsel', statusWith({})),
  'nothing-due': () => inTerm().try('rep', meeting(REPORT_DUE + 1)),
  'met-already': () => inTerm().go('rep', meeting()).try('clerk', meeting()),
  'not-met': () => inTerm().try('officer', REINSTATE_DUTY),
  'not-outstanding': () => inTerm().go('rep', meeting()).try('officer', REINSTATE_DUTY),
  'not-happened-yet': () => {
    const story = inTerm()
    const happened = story.at + 1
    return story.try('rep', {
      act: 'contract.report-incident',
      happened,
      kind: 'x',
      summary: EVIDENCE,
    })
  },
  'stop-unknown': () => inTerm().try('officer', { act: 'contract.lift-stop', stop: 0 }),
  'lifted-already': () =>
    inTerm()
      .go('officer', { act: 'contract.stop', scope: 'contract', reasons: WHY })
      .go('watch', { act: 'contract.lift-stop', stop: 0 })
      .try('watch', { act: 'contract.lift-stop', stop: 0 }),
  'suspended-already': () =>
    inTerm().go('officer', suspending(WHY)).try('officer', suspending(WHY)),
  'same-person': () =>
    inTerm()
      .go('officer', suspending(WHY))
      .try('officer', { act: 'contract.reinstate', reasons: WHY }),
  'ends-sooner': () =>
    inTerm().try('signer', { act: 'contract.terminate', from: ENDS, reasons: WHY }),
  widens: () =>
    inTerm().try('signer', { act: 'contract.amend', ...withTerms({ mission: 'Another' }) }),
  unchanged: () => inTerm().try('signer', { act: 'contract.amend', terms: OSINT.terms }),
  'decision-unknown': () => inTerm().try('rep', APPEAL),
  'appealed-already': () =>
    inTerm().go('officer', suspending(WHY)).go('rep', APPEAL).try('clerk', APPEAL),
  'not-appealed': () => inTerm().go('officer', suspending(WHY)).try('watch', OVERTURN),
  'appeal-decided': () =>
    inTerm()
      .go('officer', suspending(WHY))
      .go('rep', APPEAL)
      .go('watch', OVERTURN)
      .try('deputy', OVERTURN),
  'first-decider': () =>
    inTerm().go('officer', suspending(WHY)).go('rep', APPEAL).try('officer', OVERTURN),
  'too-many': () => {
    const story = inTerm()
    const row = { deployment: 'desk-1', from: 0, until: 1, acknowledged: EVIDENCE, by: 'rep' }
    story.life = { ...story.known, enrolments: Array.from({ length: 1_000 }, () => row) }
    return tryEnrol(story, story.at)
  },
}

test.each(Object.entries(REFUSALS))('%s', (code, tried) => {
  expect(tried()).toBe(code)
  expect(Object.keys(CONTRACT_REFUSALS)).toContain(code)
})

describe('of whom signs', () => {
  test('each side has its own person, in its own role', () => {
    const story = proposed().go('rep', SIGN_CUSTOMER)
    expect(story.try('clerk', SIGN_CUSTOMER)).toBe('signed-already')
    expect(story.try('rep', SIGN_PROVIDER)).toBe('wrong-side')
    expect(story.try('counsel', SIGN_PROVIDER)).toBe('not-permitted')
    expect(story.try('signer', SIGN_PROVIDER)).toBe('done')
  })

  test('the person who signed one side is refused the other, whatever roles they have', () => {
    const story = proposed().go('signer', SIGN_PROVIDER)
    story.life = { ...story.known, acted: [] }
    expect(codeOf(story.do(SIGN_CUSTOMER, story.actOf('signer', 'customer-representative')))).toBe(
      'signed-already',
    )
  })

  test('a term that has begun is not signed, at its first instant it still is', () => {
    const story = proposed()
    story.at = BEGINS
    story.go('signer', SIGN_PROVIDER)
    story.at = BEGINS + 1
    expect(story.try('rep', SIGN_CUSTOMER)).toBe('back-dated')
  })

  test('a conflict found after the approval leaves nothing to sign on', () => {
    const story = proposed()
    const gone = { ...OSINT_CONTEXT, determined: undefined }
    expect(codeOf(story.do(SIGN_PROVIDER, story.actOf('signer', 'signatory'), gone))).toBe(
      'not-determined',
    )
  })
})

describe('of terms that are edited', () => {
  test('an edit voids what was signed, visibly, and asks for both signatures anew', () => {
    const story = proposed().go('signer', SIGN_PROVIDER)
    story.after(1).go('counsel', { act: 'contract.revise', terms: NARROWER })
    const { signatures, voided, round } = story.known
    expect([signatures.length, round]).toEqual([0, 2])
    expect(voided).toMatchObject([{ by: 'signer', side: 'provider', round: 1, voided: story.at }])
    story.go('counsel', { act: 'contract.propose' })
    expect(story.try('rep', SIGN_CUSTOMER, { round: 1 })).toBe('edited-since')
    story.go('rep', SIGN_CUSTOMER)
    expect(story.events.at(-1)?.event.type).toBe('contract-signed')
    story.go('signer', SIGN_PROVIDER)
    expect(story.events.at(-1)?.event.type).toBe('contract-approved')
  })

  test('a signature voids nothing', () => {
    const story = proposed().go('signer', SIGN_PROVIDER)
    const { round, digest } = proposed().known
    expect(story.known).toMatchObject({ round, digest, voided: [] })
  })

  test('what is enrolled acknowledges the terms that stand', () => {
    expect(tryEnrol(signedByBoth(), BEGINS, EVIDENCE)).toBe('edited-since')
  })
})
