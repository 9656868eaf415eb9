import { expect, test } from 'vitest'
import { renewal, storyOf, storyTo } from '../../test/case-story.ts'
import {
  applicationOf,
  CONTEXT,
  drafting,
  EVIDENCE,
  exampleContract,
  inApril,
  instantOf,
  OPENED,
} from '../../test/case-world.ts'
import { DAY_MS, printInstantShort } from '../time.ts'
import type { CaseCommand } from './case-commands.ts'
import type { CaseRefusal } from './case-refusals.ts'
import { determinationOf, determinationText } from './determination.ts'

const [TAILORING] = applicationOf().tailorings
const [DEPLOYMENT] = applicationOf().deployments

function drafted(changes: object): CaseRefusal | string[] {
  return storyTo('assessed').try('assessor', drafting(changes))
}

test('a stale finding, also when the determination is drafted', () => {
  const story = storyTo('assessed', CONTEXT, inApril())
  story.at += 60 * DAY_MS
  expect(story.try('assessor', drafting({}, story.state?.application))).toBe('finding-stale')
})

test('a finding is current to the millisecond before it ends', () => {
  const story = storyTo('approving', CONTEXT, inApril())
  story.at += 60 * DAY_MS - 1
  expect(story.try('safeguards', story.sound('case.approve'))).toContain('case-determined')
})

test('a term may begin at the instant of the decision', () => {
  const story = storyTo('approving')
  story.at = instantOf('2026-02-01T00:00:00Z')
  expect(story.try('safeguards', story.sound('case.approve'))).toContain('case-determined')
})

test('a tailoring has no term of its own that is back-dated', () => {
  const term = { from: '2026-01-01T00:00:00Z', until: '2026-05-01T00:00:00Z' }
  expect(drafted({ tailorings: [{ ...TAILORING, term }] })).toBe('back-dated')
})

test('a renewal may be decided at the instant at which the renewed term ends', () => {
  const story = renewal('2026-07-31T00:00:00Z', 'determined')
  expect(story.state?.state).toBe('determined')
})

test('a renewal is of a contract of the same customer', () => {
  const contract = exampleContract('cables-2026')
  const asked = applicationOf({ renews: contract.id })
  const story = storyTo('draft', { ...CONTEXT, renewed: { contract, case: null } }, asked)
  expect(story.try('rep', story.sound('case.submit'))).toBe('renewed-unknown')
})

test('a late renewal is back-dated, and one drafted for a later term is outside the window', () => {
  const late = renewal('2026-07-31T00:00:00.001Z', 'assessed')
  expect(late.try('assessor', drafting({}, late.state?.application))).toBe('back-dated')
  const after = { from: '2026-08-02T00:00:00Z', until: '2027-01-20T00:00:00Z' }
  expect(late.try('assessor', drafting({ term: after }, late.state?.application))).toBe(
    'outside-renewal-window',
  )
  const approving = renewal('2026-07-30T00:00:00Z', 'approving')
  approving.at = instantOf('2026-07-31T00:00:00.001Z')
  expect(approving.try('safeguards', approving.sound('case.approve'))).toBe('back-dated')
})

test('a renewal in its window is determined, with what it widens', () => {
  const story = renewal('2026-07-01T00:00:00Z', 'determined')
  const { drafted: laid, determined } = story.state ?? {}
  expect(determined?.decided).toBe(story.at)
  const fields = laid?.changes.map(({ field, effect }) => `${effect} ${field}`)
  // The contract was signed for one unit and one model fewer than was determined, and a duty more.
  expect(fields).toContain('widened terms.tailorings.foreign-osint.models')
  expect(fields).toContain('widened terms.deployments.desk-1.end-users')
  expect(fields).toContain('widened terms.duties')
})

test.each([
  ['a model', { tailorings: [{ ...TAILORING, models: ['example-opus-20250514'] }] }, 'models.0'],
  ['an end user', { deployments: [{ ...DEPLOYMENT, 'end-users': ['unit-c'] }] }, 'end-users.0'],
  ['a fact left unsaid', { tailorings: [{ ...TAILORING, scope: {} }] }, 'tailorings.0.scope'],
  ['another purpose', { tailorings: [{ ...TAILORING, purpose: 'other' }] }, 'purpose'],
  ['another mission', { mission: 'Another mission' }, 'determination.mission'],
  ['a safeguard less', { tailorings: [{ ...TAILORING, safeguards: [] }] }, 'safeguards'],
  ['less freedom to suspend', { suspension: 'consent' }, 'determination.suspension'],
  ['a duty less', { duties: [] }, 'determination.duties'],
])('wider than applied for by %s, with the field named', (_, changes, field) => {
  const story = storyTo('assessed')
  const refused = story.do(drafting(changes), story.actOf('assessor', 'assessor'))
  expect(refused).toMatchObject({ error: { code: 'wider-than-applied' } })
  const paths = refused.ok ? [] : refused.error.problems?.map(({ path }) => path.join('.'))
  expect(paths).toContainEqual(expect.stringContaining(field))
})

test('no suspension at all cannot be approved, nor applied for', () => {
  const story = storyOf({ suspension: 'none' })
  expect(
    story.do(story.sound('case.submit'), story.actOf('rep', 'customer-representative')),
  ).toMatchObject({
    error: { problems: [{ code: 'suspension-none', path: ['application', 'suspension'] }] },
  })
  expect(drafted({ suspension: 'none' })).toBe('wider-than-applied')
})

test('what a check of documents only warns of', () => {
  const scope = { ...TAILORING?.scope, subjects: ['foreign', 'domestic'] }
  const wide = { tailorings: [{ ...TAILORING, scope }] }
  const story = storyTo('assessed', CONTEXT, applicationOf(wide))
  const act = story.actOf('assessor', 'assessor')
  expect(story.do(drafting({}, applicationOf(wide)), act)).toMatchObject({
    error: {
      code: 'determination-unsound',
      problems: [
        {
          code: 'narrowed-by-catalogue',
          path: ['determination', 'tailorings', 0, 'scope', 'subjects'],
        },
      ],
    },
  })
})

const ROW = {
  restriction: 'surveillance.persons',
  harm: 'privacy',
  'mitigated-by': ['analyst-review'],
  residual: 'A name is read',
}

test.each([
  ['without a mitigation', [{ ...ROW, 'mitigated-by': [] }], 'empty-row'],
  ['without the risk that is left', [{ ...ROW, residual: ' ' }], 'empty-row'],
  ['that stands twice', [ROW, ROW], 'duplicate-row'],
  ['of a harm that the restriction has not', [ROW, { ...ROW, harm: 'deception' }], 'idle-row'],
  ['with what mitigates nothing', [{ ...ROW, 'mitigated-by': ['luck'] }], 'unknown-mitigation'],
])('a harm table with a row %s', (_, rows, code) => {
  const story = storyTo('screened')
  const refused = story.do({ act: 'case.harms', rows }, story.actOf('assessor', 'assessor'))
  expect(refused).toMatchObject({ error: { code: 'harms-unsound', problems: [{ code }] } })
})

test('a harm that a determination leaves without its mitigation', () => {
  const story = storyTo('assessed')
  // The scope of the table named `data-source`; nothing that is drafted now constrains it.
  const scope = { ...TAILORING?.scope, 'data-source': ['public'] }
  const narrow = drafting({ tailorings: [{ ...TAILORING, scope }] })
  story.go('assessor', narrow)
  const rows = [{ ...ROW, 'mitigated-by': ['data-source'] }]
  story.go('assessor', { act: 'case.harms', rows })
  story.go('assessor', story.sound('case.weigh-benefit'))
  expect(story.try('assessor', narrow)).toContain('determination-drafted')
  expect(story.try('assessor', drafting())).toBe('harms-unsound')
})

test.each([
  ['adequate', ['c']],
  ['adequate-with-provisos', []],
] as const)('a finding that is %s with provisos %j', (finding, ids) => {
  const provisos = ids.map((id) => ({ id, text: 'On a condition' }))
  const story = storyTo('screened')
  const command = { ...story.sound('case.find'), finding, provisos }
  expect(story.try('assessor', command as CaseCommand)).toBe('provisos-unfit')
})

test('an additional safeguard may be asked for', () => {
  const more = { id: 'second-reader', mitigates: ['privacy'] }
  const tailorings = [{ ...TAILORING, safeguards: ['analyst-review', 'second-reader'] }]
  expect(drafted({ safeguards: [more], tailorings })).toEqual(['determination-drafted'])
  expect(drafted({ safeguards: [{ id: 'analyst-review' }] })).toBe('determination-unsound')
})

test('what is determined is what was drafted, from the instant of the last approval', () => {
  const story = storyTo('approving')
  expect(story.state && determinationOf(story.state)).toBeUndefined()
  story.at += DAY_MS
  story.go('safeguards', story.sound('case.approve'))
  const { decided, ...others } = (story.state && determinationOf(story.state)) ?? {}
  expect(decided).toBe(story.at)
  const { decided: _, ...determination } = exampleContract('osint-2026').determination
  expect(others).toEqual(determination)
})

test('nothing is determined of a case that was withdrawn', () => {
  const story = storyTo('determined')
  story.go('rep', story.sound('case.withdraw'))
  expect(story.state && determinationOf(story.state)).toBeUndefined()
})

test('what is shown says instants as text and names the evidence', () => {
  const text = determinationText(storyTo('determining').state ?? expect.fail())
  expect(text).toContain(`"at":"${printInstantShort(OPENED)}"`)
  expect(text).toContain(EVIDENCE[0]?.digest)
  expect(JSON.parse(text)).toMatchObject({ case: 'case-17', customer: 'ministry-of-assessment' })
})
