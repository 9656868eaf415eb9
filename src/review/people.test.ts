import { expect, test } from 'vitest'
import { actOf } from '../../test/act-of.ts'
import type { Act } from '../act.ts'
import type { Role } from '../people.ts'
import {
  actorOf,
  decidePeople,
  foldPeople,
  NO_PEOPLE,
  type People,
  type PeopleCommand,
} from './people.ts'

/** People after commands that are all carried out. */
function peopleAfter(...done: readonly (readonly [Act, PeopleCommand])[]): People {
  return done.reduce((people, [act, command]) => {
    const decided = decidePeople(people, command, act)
    if (!decided.ok) throw new Error(decided.error.message)
    return decided.value.reduce((next, event) => foldPeople(next, { event, act }), people)
  }, NO_PEOPLE)
}

const OPERATOR = actOf('ona', 'operator')

const BEGUN = [
  [OPERATOR, { act: 'people.begin', person: 'ona', key: 'key-of-ona' }],
  [OPERATOR, { act: 'people.register', person: 'ada', key: 'key-of-ada' }],
  [
    OPERATOR,
    {
      act: 'people.register',
      person: 'rui',
      key: 'key-of-rui',
      customer: 'ministry-of-assessment',
    },
  ],
] as const satisfies readonly (readonly [Act, PeopleCommand])[]

function granted(person: string, ...roles: readonly Role[]): (readonly [Act, PeopleCommand])[] {
  return roles.map((role) => [OPERATOR, { act: 'people.grant', person, role }] as const)
}

function codeOf(people: People, act: Act, command: PeopleCommand): string {
  const decided = decidePeople(people, command, act)
  return decided.ok ? 'done' : decided.error.code
}

test('the first operator registers themselves, and nobody does after them', () => {
  const people = peopleAfter(BEGUN[0])
  expect(people.persons['ona']?.roles).toEqual(['operator'])
  const again = { act: 'people.begin', person: 'eve', key: 'key-of-eve' } as const
  expect(codeOf(people, actOf('eve', 'operator'), again)).toBe('people-begun')
  expect(codeOf(NO_PEOPLE, actOf('ona', 'operator'), again)).toBe('not-permitted')
})

test.each([
  ['a person grants themselves a role', 'ona', 'policy-author', 'own-role'],
  ['a person is granted a role twice', 'ada', 'assessor', 'role-held'],
  ['an assessor is to be an auditor', 'ada', 'auditor', 'role-conflict'],
  ['an assessor is to be an operator', 'ada', 'operator', 'role-conflict'],
  ['an assessor is to approve', 'ada', 'approver.legal', 'done'],
  [
    'somebody of no customer is to represent one',
    'ada',
    'customer-representative',
    'role-conflict',
  ],
  ['somebody of a customer represents it', 'rui', 'customer-representative', 'done'],
  ['nobody is called so', 'eve', 'assessor', 'person-unknown'],
] as const)('%s', (_, person, role, code) => {
  const people = peopleAfter(...BEGUN, ...granted('ada', 'assessor'))
  expect(codeOf(people, OPERATOR, { act: 'people.grant', person, role })).toBe(code)
})

test('a signatory never approves, nor an approver signs', () => {
  const signs = peopleAfter(...BEGUN, ...granted('ada', 'signatory'))
  const approve = { act: 'people.grant', person: 'ada', role: 'approver.policy' } as const
  expect(codeOf(signs, OPERATOR, approve)).toBe('role-conflict')
  const approves = peopleAfter(...BEGUN, ...granted('ada', 'approver.policy', 'approver.legal'))
  const sign = { act: 'people.grant', person: 'ada', role: 'signatory' } as const
  expect(codeOf(approves, OPERATOR, sign)).toBe('role-conflict')
})

test('who acts is known, has the role, and signs with the key that they have now', () => {
  const people = peopleAfter(...BEGUN, ...granted('ada', 'assessor'))
  const code = (act: Act): string => {
    const actor = actorOf(people, act)
    return actor.ok ? 'done' : actor.error.code
  }
  const ada = actOf('ada', 'assessor')
  expect(code(ada)).toBe('done')
  expect(code(actOf('eve', 'assessor'))).toBe('person-unknown')
  expect(code(actOf('ada', 'signatory'))).toBe('not-permitted')
  expect(code({ ...ada, proof: { ...ada.proof, key: 'key-of-eve' } })).toBe('not-permitted')
  expect(code({ ...ada, by: '__proto__' })).toBe('person-unknown')
})

test('a key that is replaced acts no more, and is nobody’s again', () => {
  const people = peopleAfter(...BEGUN, ...granted('ada', 'assessor'), [
    OPERATOR,
    { act: 'people.replace-key', person: 'ada', key: 'new-key-of-ada' },
  ])
  expect(actorOf(people, actOf('ada', 'assessor')).ok).toBe(false)
  const again = { act: 'people.register', person: 'eve', key: 'key-of-ada' } as const
  expect(codeOf(people, OPERATOR, again)).toBe('key-known')
})

test('somebody who has left has no role, and the last operator stays', () => {
  const people = peopleAfter(...BEGUN, ...granted('ada', 'assessor'), [
    OPERATOR,
    { act: 'people.leave', person: 'ada' },
  ])
  expect(people.persons['ada']).toMatchObject({ roles: [], hasLeft: true })
  expect(codeOf(people, OPERATOR, { act: 'people.leave', person: 'ona' })).toBe('last-operator')
  const revoke = { act: 'people.revoke', person: 'ona', role: 'operator' } as const
  expect(codeOf(people, OPERATOR, revoke)).toBe('last-operator')
})

test('nobody but an operator changes who people are', () => {
  const people = peopleAfter(...BEGUN, ...granted('ada', 'assessor'))
  const register = { act: 'people.register', person: 'eve', key: 'key-of-eve' } as const
  expect(codeOf(people, actOf('ada', 'assessor'), register)).toBe('not-permitted')
  expect(codeOf(people, actOf('ada', 'operator'), register)).toBe('not-permitted')
})
