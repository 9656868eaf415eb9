import { expect, test } from 'vitest'
import { actOf } from '../../test/act-of.ts'
import type { Act } from '../act.ts'
import { digestOf } from '../digest.ts'
import { fail, ok } from '../result.ts'
import {
  decideProvider,
  foldProvider,
  NO_DOCUMENTS,
  type ProviderCommand,
  type ProviderContext,
  type ProviderRegister,
  versionAt,
} from './provider-register.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 2, 1)
const QUORUM = { policy: 1, legal: 1 }

/** Documents whose text is their version and, in days from now, when they take effect. */
const CONTEXT: ProviderContext = {
  read: ({ policy }) => {
    const [version = '', days] = policy.split(' ')
    if (days === undefined) {
      const place = { file: 'policy.yaml', line: 1, column: 1, message: '', frame: '' }
      return fail([{ severity: 'error', code: 'missing-field', ...place }])
    }
    return ok({ version, effective: NOW + Number(days) * DAY, quorum: QUORUM })
  },
  quorum: undefined,
  digestOf: (value) => digestOf(Buffer.from(JSON.stringify(value)).toString('hex').padEnd(64, '0')),
}

function after(
  register: ProviderRegister,
  ...done: readonly (readonly [Act, ProviderCommand])[]
): ProviderRegister {
  return done.reduce((before, [act, command]) => {
    const decided = decideProvider(before, command, act, CONTEXT)
    if (!decided.ok) throw new Error(`${decided.error.code}: ${decided.error.message}`)
    return decided.value.reduce((next, event) => foldProvider(next, { event, act }), before)
  }, register)
}

function codeOf(register: ProviderRegister, act: Act, command: ProviderCommand): string {
  const decided = decideProvider(register, command, act, CONTEXT)
  return decided.ok ? decided.value.map(({ type }) => type).join() : decided.error.code
}

const AUTHOR = actOf('pia', 'policy-author')
const OFFICER = actOf('sam', 'safeguards-officer')

function proposed(policy: string, register = NO_DOCUMENTS): ProviderRegister {
  return after(register, [AUTHOR, { act: 'provider.propose', policy, exceptions: '' }])
}

/** An approval of what waits now. */
function approval(register: ProviderRegister, by: string, role: Act['role']): Act {
  const { digest, round } = register.proposal ?? { digest: digestOf(''), round: 0 }
  return actOf(by, role, { digest, round })
}

function published(policy: string, register = NO_DOCUMENTS): ProviderRegister {
  const waiting = proposed(policy, register)
  return after(
    waiting,
    [approval(waiting, 'lea', 'approver.legal'), { act: 'provider.approve' }],
    [approval(waiting, 'max', 'approver.policy'), { act: 'provider.approve' }],
  )
}

const APPROVE = { act: 'provider.approve' } as const

test('a version is published by the last approval that its quorum asks for', () => {
  const register = published('v1 -10')
  expect(register.proposal).toBeNull()
  expect(register.versions.map(({ version }) => version)).toEqual(['v1'])
})

test('an approval is of what was signed, by somebody else than its author, in a role that is asked for', () => {
  const waiting = proposed('v1 -10')
  const lea = approval(waiting, 'lea', 'approver.legal')
  expect(codeOf(waiting, lea, APPROVE)).toBe('version-approved')
  expect(codeOf(NO_DOCUMENTS, lea, APPROVE)).toBe('nothing-proposed')
  expect(codeOf(waiting, { ...lea, by: 'pia' }, APPROVE)).toBe('own-proposal')
  expect(codeOf(waiting, { ...lea, role: 'approver.safeguards' }, APPROVE)).toBe('role-not-asked')
  expect(codeOf(waiting, { ...lea, role: 'assessor' }, APPROVE)).toBe('role-not-asked')
  const half = after(waiting, [lea, APPROVE])
  expect(codeOf(half, { ...lea, role: 'approver.policy' }, APPROVE)).toBe('approved-already')
  expect(codeOf(half, { ...lea, by: 'max' }, APPROVE)).toBe('approved-already')
  const edited = proposed('v1 -9', half)
  expect(edited.proposal?.approvals).toEqual([])
  expect(codeOf(edited, { ...lea, by: 'max' }, APPROVE)).toBe('edited-since')
})

test('a later version takes effect after its approval, and the one before binds until then', () => {
  const first = published('v1 -10')
  const late = proposed('v2 -1', first)
  const max = approval(late, 'max', 'approver.policy')
  expect(codeOf(late, max, APPROVE)).toBe('back-dated')
  const both = published('v2 5', first)
  expect(versionAt(both, NOW + 5 * DAY - 1)?.version).toBe('v1')
  expect(versionAt(both, NOW + 5 * DAY)?.version).toBe('v2')
  const again = { act: 'provider.propose', policy: 'v2 9', exceptions: '' } as const
  expect(codeOf(both, AUTHOR, again)).toBe('version-exists')
})

test('documents with errors are not proposed, nor by anybody but an author', () => {
  const wrong = { act: 'provider.propose', policy: 'v1', exceptions: '' } as const
  const decided = decideProvider(NO_DOCUMENTS, wrong, AUTHOR, CONTEXT)
  expect(decided).toMatchObject({
    error: { code: 'documents-refused', problems: [{ file: 'policy.yaml' }] },
  })
  expect(codeOf(NO_DOCUMENTS, OFFICER, wrong)).toBe('not-permitted')
})

test('a model is added once, and what is asserted of it never speaks of the past', () => {
  const add: ProviderCommand = { act: 'models.add', model: 'm-1', aliases: ['m'] }
  const register = after(NO_DOCUMENTS, [OFFICER, add])
  expect(codeOf(register, OFFICER, { ...add, model: 'm' })).toBe('model-exists')
  const assertion = { id: 'a1', scheme: 'rsp', level: 2, basis: 'determined', from: NOW } as const
  const assert = { act: 'models.assert', model: 'm-1', assertion } as const
  expect(codeOf(register, OFFICER, assert)).toBe('level-asserted')
  const early = { ...assert, assertion: { ...assertion, from: NOW - 1 } }
  expect(codeOf(register, OFFICER, early)).toBe('back-dated')
  expect(codeOf(register, AUTHOR, assert)).toBe('not-permitted')
  expect(codeOf(register, OFFICER, { ...assert, model: 'm' })).toBe('model-unknown')
  const once = after(register, [OFFICER, assert])
  expect(codeOf(once, OFFICER, assert)).toBe('assertion-exists')
})
