import { expect, test } from 'vitest'
import { newReport } from '../problem.ts'
import { readShape } from '../shape.ts'
import { caseCommand } from './case-commands.ts'

/** Code, place and sentence of each problem of a command as it came in. */
function problemsOf(raw: unknown): string[] {
  const report = newReport()
  readShape(caseCommand, raw, report)
  return report.problems.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`)
}

test('a command is told by its act', () => {
  expect(problemsOf({ act: 'case.submit' })).toEqual([])
  expect(problemsOf({ act: 'case.submit', reasons: 'None' })).toEqual([
    'unknown-key reasons: no key `reasons` here; remove it, or use one of act',
  ])
  expect(problemsOf({ act: 'case.withdraw', reason: 'None' })).toEqual([
    'missing-field reasons: `reasons` is missing; add it',
    'unknown-key reason: no key `reason` here; did you mean `reasons`?',
  ])
})

test('an act that there is not, and none at all', () => {
  expect(problemsOf({ act: 'case.submti' })).toEqual([
    expect.stringMatching(/^unknown-act act: act is one of .*; did you mean `case.submit`\?$/),
  ])
  expect(problemsOf({})).toEqual(['missing-field act: `act` is missing; add it'])
  expect(problemsOf('case.submit')).toEqual(['wrong-type : expected a map, found `case.submit`'])
  expect(problemsOf({ act: { act: 'case.submit' } })).toHaveLength(1)
})

test('evidence is a file of a kind and size that can be shown', () => {
  const file = {
    digest: `sha256:${'0'.repeat(64)}`,
    'media-type': 'text/html',
    size: 0,
    title: 'T',
  }
  const evidence = [file, { ...file, 'media-type': 'text/plain', size: 26_214_401 }]
  const problems = problemsOf({ act: 'case.screen', rationale: 'R', evidence })
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([
    'unknown-media-type evidence.0.media-type',
    'too-small evidence.0.size',
    'too-large evidence.1.size',
  ])
})
