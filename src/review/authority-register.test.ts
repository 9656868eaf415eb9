import { describe, expect, test } from 'vitest'
import { actOf } from '../../test/act-of.ts'
import type { Act } from '../act.ts'
import { ROWS_MAX } from '../contract/contract-life.ts'
import { DAY_MS } from '../time.ts'
import {
  type CitedAuthority,
  decideStatus,
  foldStatus,
  recordStatus,
  statusesOf,
} from './authority-register.ts'

const OFFICER = actOf('sam', 'safeguards-officer')
const NOW = OFFICER.at
const ACT = { scheme: 'eli', id: '/eli/fx/act/2019/14' } as const

type Recording = Parameters<typeof decideStatus>[1]

/** A status of the act, in force from now for a month unless said otherwise. */
function status(changes: Partial<Recording> = {}): Recording {
  const standing = { status: 'in-force', from: NOW, 'review-by': NOW + 30 * DAY_MS } as const
  return { act: 'authorities.record', citation: ACT, ...standing, source: 'Gazette', ...changes }
}

function recorded(
  before: readonly CitedAuthority[],
  command: Recording,
): readonly CitedAuthority[] {
  const decided = decideStatus(before, command, OFFICER)
  if (!decided.ok) throw new Error(decided.error.join(': '))
  return decided.value.reduce((next, event) => foldStatus(next, { event, act: OFFICER }), before)
}

function codeOf(
  command: Recording,
  act: Act = OFFICER,
  before: readonly CitedAuthority[] = [],
): string {
  const decided = decideStatus(before, command, act)
  return decided.ok ? decided.value[0].type : decided.error[0]
}

test('a status has a source, and a review when it stands', () => {
  expect(codeOf(status())).toBe('authority-status-recorded')
  expect(codeOf(status({ source: ' ' }))).toBe('source-missing')
  expect(codeOf(status({ 'review-by': NOW }))).toBe('review-missing')
  const { 'review-by': _, ...unreviewed } = status()
  expect(codeOf(unreviewed)).toBe('review-missing')
  expect(codeOf({ ...unreviewed, status: 'repealed' })).toBe('authority-status-recorded')
})

test('one that stands is never back-dated, one that does not may say since when', () => {
  expect(codeOf(status({ from: NOW - 1 }))).toBe('back-dated')
  expect(codeOf(status({ from: NOW - 1, status: 'enjoined' }))).toBe('authority-status-recorded')
})

test('it is recorded by people who judge, of what is cited as its scheme has it', () => {
  expect(codeOf(status(), actOf('lea', 'approver.legal'))).toBe('authority-status-recorded')
  expect(codeOf(status(), actOf('ann', 'assessor'))).toBe('authority-status-recorded')
  for (const role of ['signatory', 'operator', 'customer-representative', 'policy-author'] as const)
    expect(codeOf(status(), actOf('x', role))).toBe('not-permitted')
  expect(codeOf(status({ citation: { scheme: 'eli', id: 'Act 14' } }))).toBe('citation-malformed')
  expect(
    recordStatus.safeParse({ ...status(), citation: { ...ACT, 'as-of': 'now' } }).success,
  ).toBe(false)
})

describe('the register', () => {
  const repeal = status({ status: 'repealed', from: NOW + DAY_MS })

  test('keeps statuses of one authority together, however it is cited', () => {
    const address = { scheme: 'eli', id: 'https://laws.fx.example/eli/fx/act/2019/14' } as const
    const register = recorded(recorded([], status()), { ...repeal, citation: address })
    expect(register).toHaveLength(1)
    expect(register[0]).toMatchObject({
      citation: ACT,
      statuses: [
        { status: 'in-force', source: 'Gazette', by: 'sam', at: NOW },
        { status: 'repealed', from: NOW + DAY_MS, by: 'sam' },
      ],
    })
    expect([...statusesOf(register).values()][0]).toMatchObject([
      { status: 'in-force' },
      { status: 'repealed' },
    ])
  })

  test('has room for what takes away when it has none for what adds', () => {
    const full = Array.from({ length: ROWS_MAX }, (_, i): CitedAuthority => {
      return { citation: { scheme: 'eli', id: `/eli/fx/act/1/${i}` }, statuses: [] }
    })
    expect(codeOf(status(), OFFICER, full)).toBe('too-many')
    expect(codeOf(repeal, OFFICER, full)).toBe('authority-status-recorded')
  })
})
