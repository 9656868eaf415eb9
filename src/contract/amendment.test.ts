import { describe, expect, test } from 'vitest'
import {
  ContractStory,
  codeOf,
  DRAFT,
  inTerm,
  momentOf,
  NARROWER,
  OSINT,
  WHY,
  withTerms,
} from '../../test/contract-story.ts'
import type { ContractCommand } from './contract-commands.ts'
import { contractOf } from './contract-life.ts'

/** Each field that terms have more in than was determined, and signed. */
const [tailoring] = OSINT.terms.tailorings
const [authority] = OSINT.terms.authorities
const [deployment] = OSINT.terms.deployments

function written(value: unknown): object {
  return JSON.parse(JSON.stringify(value)) as object
}

const WIDER: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['terms.mission', { mission: 'Assess anything' }],
  ['terms.term.until', { term: { from: '2026-02-01T00:00:00Z', until: '2026-08-01T00:00:00Z' } }],
  ['terms.suspension', { suspension: 'notice' }],
  ['terms.tailorings.0.models.0', { tailorings: [{ ...written(tailoring), models: ['another'] }] }],
  ['terms.tailorings.0.purpose', { tailorings: [{ ...written(tailoring), purpose: 'another' }] }],
  ['terms.tailorings.0.obligations', { tailorings: [{ ...written(tailoring), obligations: [] }] }],
  ['terms.deployments.0.title', { deployments: [{ ...written(deployment), title: 'Other desk' }] }],
  [
    'terms.deployments.0.end-users.0',
    { deployments: [{ ...written(deployment), 'end-users': ['unit-z'] }] },
  ],
  [
    'terms.authorities.0.citation.id',
    {
      authorities: [
        { ...written(authority), citation: { scheme: 'eli', id: '/eli/fx/act/1999/1' } },
      ],
    },
  ],
  [
    'terms.authorities.0.purposes.1',
    { authorities: [{ ...written(authority), purposes: ['foreign-assessment', 'more'] }] },
  ],
]

test.each(WIDER)(
  'terms with more in %s than was determined are refused, and the field named',
  (field, changes) => {
    const story = new ContractStory()
    const done = story.do(
      { ...DRAFT, ...withTerms(changes) } as ContractCommand,
      story.actOf('counsel', 'assessor'),
    )
    expect(codeOf(done)).toBe('wider-than-determined')
    const fields = done.ok ? [] : done.error.problems?.map(({ path }) => path.join('.'))
    expect(fields).toContain(field)
  },
)

test.each(WIDER)(
  'an amendment with more in %s is refused, and a case advised',
  (field, changes) => {
    const story = inTerm()
    const done = story.do(
      { act: 'contract.amend', ...withTerms(changes) },
      story.actOf('signer', 'signatory'),
    )
    expect(done).toMatchObject({
      error: { code: 'widens', message: expect.stringContaining('open a case') },
    })
    const fields = done.ok ? [] : done.error.problems?.map(({ path }) => path.join('.'))
    expect(fields).toContain(field)
  },
)

describe('of amendments', () => {
  const duty = { id: 'first-month-report', kind: 'report', grace: 'P7D' }
  const dialogue = {
    id: 'dialogue',
    kind: 'dialogue',
    due: ['2026-04-30T00:00:00Z'],
    grace: 'P14D',
    guards: ['foreign-osint'],
  }
  const amended = (changes: Readonly<Record<string, unknown>>): string =>
    inTerm().try('officer', { act: 'contract.amend', ...withTerms(changes) })

  test('one authorised person narrows at once', () => {
    const story = inTerm().go('officer', { act: 'contract.amend', terms: NARROWER })
    expect(story.known.ends).toEqual({ state: 'expired', from: momentOf('2026-07-01T00:00:00Z') })
    expect(story.known.signatures).toHaveLength(2)
  })

  test('what was due stays due, even where an earlier instant takes its place', () => {
    const earlier = { ...duty, due: ['2026-02-20T00:00:00Z'] }
    const more = { ...duty, due: ['2026-02-20T00:00:00Z', '2026-03-01T00:00:00Z'] }
    expect(amended({ duties: [dialogue, earlier] })).toBe('widens')
    expect(amended({ duties: [dialogue, more] })).toBe('done')
  })

  test('a clause stays as it was signed while it binds anything', () => {
    const [first, ...others] = OSINT.terms.clauses
    const another = { id: 'c9', text: 'Nothing on Sundays.', binds: ['foreign-osint'] }
    expect(amended({ clauses: others })).toBe('widens')
    expect(amended({ clauses: [{ ...first, text: 'Another text' }, ...others] })).toBe('widens')
    expect(amended({ clauses: [{ ...first, binds: [] }, ...others] })).toBe('widens')
    expect(amended({ clauses: [...OSINT.terms.clauses, another] })).toBe('done')
  })

  test('no start that is past is moved, and no end to what is past', () => {
    const until = '2026-07-31T00:00:00Z'
    expect(amended({ term: { from: '2026-02-10T00:00:00Z', until } })).toBe('back-dated')
    expect(
      amended({
        duties: [dialogue, { ...duty, due: ['2026-02-02T00:00:00Z', '2026-03-01T00:00:00Z'] }],
      }),
    ).toBe('back-dated')
    const story = inTerm()
    story.at = momentOf('2026-05-20T00:00:00Z')
    const term = { from: '2026-02-01T00:00:00Z', until: '2026-05-10T00:00:00Z' }
    expect(story.try('officer', { act: 'contract.amend', ...withTerms({ term }) })).toBe(
      'back-dated',
    )
  })

  test('what is to be terminated sooner still is', () => {
    const from = momentOf('2026-05-01T00:00:00Z')
    const story = inTerm().go('signer', { act: 'contract.terminate', from, reasons: WHY })
    story.go('officer', { act: 'contract.amend', terms: NARROWER })
    expect(contractOf(story.known).register.states.at(-1)).toEqual({ state: 'terminated', from })
  })

  test('rows of what an amendment takes out are no longer in the document', () => {
    const story = inTerm()
    story.go('watch', { act: 'contract.stop', scope: { tailoring: 'foreign-osint' }, reasons: WHY })
    story.go('watch', { act: 'contract.stop', scope: { deployment: 'desk-1' }, reasons: WHY })
    const duties = [
      { ...dialogue, guards: undefined },
      { ...duty, due: ['2026-03-01T00:00:00Z'] },
    ]
    const nothing = { tailorings: [], deployments: [], clauses: [], duties: duties.map(written) }
    story.go('officer', { act: 'contract.amend', ...withTerms(nothing) })
    const { enrolments, stops } = contractOf(story.known).register
    expect([enrolments, stops]).toEqual([[], []])
    expect(story.known.stops).toHaveLength(2)
  })
})
