import { expect, test } from 'vitest'
import { applicationOf, CUSTOMER, PROVIDER } from '../../test/case-world.ts'
import { newReport } from '../problem.ts'
import { readShape } from '../shape.ts'
import { application } from './application.ts'
import { problemsOfApplication } from './check-application.ts'

const SOUND = application.encode(applicationOf())
const [AUTHORITY] = SOUND.authorities
const [DEPLOYMENT] = SOUND.deployments
const [TAILORING] = SOUND.tailorings
const [OVERSIGHT] = SOUND.oversight
const [PATH] = SOUND.access

test('an application of the example has no problem', () => {
  expect(problemsOfApplication(PROVIDER, applicationOf())).toEqual([])
})

test.each([
  ['without a mission', { mission: ' ' }, 'missing-field mission'],
  ['without a jurisdiction', { jurisdiction: '' }, 'missing-field jurisdiction'],
  ['without a safeguard plan', { safeguards: [] }, 'empty-set safeguards'],
  ['without oversight', { oversight: [] }, 'empty-set oversight'],
  ['without an authority', { authorities: [] }, 'empty-set authorities'],
  ['of a party that is not eligible', { party: 'contractor' }, 'party-not-eligible party'],
  ['without an end', { term: { from: '2026-02-01T00:00:00Z' } }, 'open-term term'],
  [
    'that cites what is no citation',
    { authorities: [{ ...AUTHORITY, citation: { ...AUTHORITY?.citation, id: 'The Act' } }] },
    'malformed-citation authorities.0.citation.id',
  ],
  [
    'that cites oversight by what is no citation',
    { oversight: [{ ...OVERSIGHT, citation: { ...OVERSIGHT?.citation, scheme: 'ecli' } }] },
    'malformed-citation oversight.0.citation.id',
  ],
  [
    'on an authority of another body',
    { authorities: [{ ...AUTHORITY, holder: 'sister-agency' }] },
    'authority-of-another authorities.0.holder',
  ],
  [
    'on an authority that rests on itself',
    {
      authorities: [
        { ...AUTHORITY, 'depends-on': ['b'] },
        { ...AUTHORITY, id: 'b', 'depends-on': ['assessment-act'] },
      ],
    },
    'depends-on-itself authorities.0.depends-on',
  ],
  [
    'on an authority that rests on nothing known',
    { authorities: [{ ...AUTHORITY, 'depends-on': ['assessment-art'] }] },
    'unknown-authority authorities.0.depends-on.0',
  ],
  [
    'with a caller who is no end user',
    { access: [...SOUND.access, { ...PATH, id: 'c', caller: 'subcontractor' }] },
    'unlisted-caller access.2.caller',
  ],
  [
    'with an end user who calls through nothing',
    { deployments: [{ ...DEPLOYMENT, 'end-users': ['unit-a', 'unit-b', 'unit-c'] }] },
    'no-access-path deployments.0.end-users.2',
  ],
  [
    'for what the policy does not know',
    { tailorings: [{ ...TAILORING, lifts: ['surveillance.person'] }] },
    'unknown-restriction tailorings.0.lifts.0',
  ],
  [
    'that leaves a harm without a safeguard',
    { safeguards: [{ id: 'analyst-review' }] },
    'unmitigated-harm tailorings.0.safeguards',
  ],
  ['without a meeting', { duties: [] }, 'dialogue-gap duties'],
])('an application %s cannot be submitted', (_, changes, problem) => {
  const found = problemsOfApplication(PROVIDER, applicationOf(changes))
  const told = found.map(({ code, path }) => `${code} ${path.slice(1).join('.')}`)
  expect(told).toContain(problem)
  for (const { path, message } of found) {
    expect(path[0]).toBe('application')
    expect(message.length).toBeGreaterThan(10)
  }
})

test('what an authority rests on may be held by another body', () => {
  const statute = { ...AUTHORITY, id: 'statute', holder: 'the-state' }
  const authorities = [{ ...AUTHORITY, 'depends-on': ['statute'], holder: CUSTOMER }, statute]
  expect(problemsOfApplication(PROVIDER, applicationOf({ authorities }))).toEqual([])
})

test('text that has no digest is no text of an application', () => {
  const report = newReport()
  readShape(application, { ...SOUND, mission: 'half of \ud83d' }, report)
  expect(report.problems).toMatchObject([{ code: 'malformed-text', path: ['mission'] }])
})
