import * as z from 'zod'
import type { Act, Recorded, Refusal } from '../act.ts'
import { excludeEachOther, isRole, type Role } from '../people.ts'
import { fail, ok, type Result } from '../result.ts'
import { id, prose } from '../shape.ts'
import { quote } from '../suggest.ts'

// Who the people of the register are, by which keys they act and which roles they have (semantics §12).

/** Most people that a register knows. */
const PEOPLE_MAX = 10_000

/** Most keys that a person has had. */
const KEYS_MAX = 64

const key = z.string().max(512)
export const role = z
  .custom<Role>((text) => typeof text === 'string' && isRole(text), {
    params: { code: 'unknown-role' },
  })
  .meta({ type: 'string', description: 'A role, such as `assessor` or `approver.legal`' })

/** What can be done to people, by the name of the act. */
export const peopleCommand = z.discriminatedUnion('act', [
  z.strictObject({ act: z.literal('people.begin'), person: id, key, title: prose.optional() }),
  z.strictObject({
    act: z.literal('people.register'),
    person: id,
    key,
    title: prose.optional(),
    /** Whom a customer's representative acts for. */
    customer: id.optional(),
  }),
  z.strictObject({ act: z.literal('people.replace-key'), person: id, key }),
  z.strictObject({ act: z.literal('people.grant'), person: id, role }),
  z.strictObject({ act: z.literal('people.revoke'), person: id, role }),
  z.strictObject({ act: z.literal('people.leave'), person: id }),
])

export type PeopleCommand = z.output<typeof peopleCommand>
type CommandOf<A extends PeopleCommand['act']> = Extract<PeopleCommand, { act: A }>

export type PeopleEvent =
  | {
      readonly type: 'person-registered'
      readonly person: string
      readonly key: string
      readonly title: string | null
      readonly customer: string | null
    }
  | { readonly type: 'key-replaced'; readonly person: string; readonly key: string }
  | { readonly type: 'role-granted'; readonly person: string; readonly role: Role }
  | { readonly type: 'role-revoked'; readonly person: string; readonly role: Role }
  | { readonly type: 'person-left'; readonly person: string }

export interface Person {
  readonly id: string
  readonly title: string | null
  /** Whom a customer's representative acts for. */
  readonly customer: string | null
  /** Public keys, as `name+hash+base64`; the last is the one to act with. */
  readonly keys: readonly string[]
  /** Sorted. */
  readonly roles: readonly Role[]
  readonly hasLeft: boolean
}

/** People by id. */
export interface People {
  readonly persons: Readonly<Record<string, Person>>
}

export const NO_PEOPLE: People = { persons: {} }

/** Why an act on people is refused. The message says what to do. */
export const PEOPLE_REFUSALS = {
  'people-begun': 'the register has its first operator',
  'not-permitted': 'the person has not this role, or acts with another key',
  'person-exists': 'somebody has this id',
  'person-unknown': 'nobody has this id',
  'person-left': 'the person has left',
  'key-known': 'the key is or was of somebody',
  'own-role': 'people do not grant themselves roles',
  'role-held': 'the person has the role',
  'role-not-held': 'the person has not the role',
  'role-conflict': 'the person has a role that excludes this one',
  'last-operator': 'nobody else is an operator',
  'customer-missing': 'who represents a customer is registered for it',
  'too-many': 'a list is full',
} as const

export type PeopleRefusal = keyof typeof PEOPLE_REFUSALS

type Refused = Refusal<PeopleRefusal>
type Decided = Result<readonly PeopleEvent[], Refused>

function personOf({ persons }: People, person: string): Person | undefined {
  return Object.hasOwn(persons, person) ? persons[person] : undefined
}

/** The person who acts: known, there, with the role and by the key that the act names. */
export function actorOf(people: People, act: Act): Result<Person, Refused> {
  const person = personOf(people, act.by)
  if (!person) return refuse('person-unknown', `nobody is called ${quote(act.by)}; register them`)
  if (person.hasLeft) return refuse('person-left', `${quote(act.by)} has left and acts no more`)
  if (person.keys.at(-1) !== act.proof.key) {
    return refuse('not-permitted', `${quote(act.by)} acts with another key; sign with that`)
  }
  if (!person.roles.includes(act.role)) {
    return refuse('not-permitted', `${quote(act.by)} is no ${act.role}; somebody who is may act`)
  }
  const conflict = person.roles.find((held) => excludeEachOther(held, act.role))
  if (conflict === undefined) return ok(person)
  return refuse('role-conflict', `nobody is both ${act.role} and ${conflict}; revoke one of them`)
}

export function decidePeople(people: People, command: PeopleCommand, act: Act): Decided {
  if (command.act === 'people.begin') return begin(people, command, act)
  const actor = actorOf(people, act)
  if (!actor.ok) return actor
  if (act.role !== 'operator') return refuse('not-permitted', 'an operator does that; ask one')
  if (command.act === 'people.register') return register(people, command)
  const person = personOf(people, command.person)
  if (!person) {
    return refuse('person-unknown', `nobody is called ${quote(command.person)}; register them`)
  }
  if (person.hasLeft) return refuse('person-left', `${quote(person.id)} has left already`)
  switch (command.act) {
    case 'people.replace-key':
      return replaceKey(people, person, command.key)
    case 'people.grant':
      return grant(person, command.role, act)
    case 'people.revoke':
      return revoke(people, person, command.role)
    case 'people.leave':
      return leave(people, person)
  }
}

/** The first operator registers themselves, once, with the key that signs the act. */
function begin(
  people: People,
  { person, key, title }: CommandOf<'people.begin'>,
  act: Act,
): Decided {
  if (Object.keys(people.persons).length > 0) {
    return refuse('people-begun', 'the register has an operator; ask them to register people')
  }
  if (person !== act.by || key !== act.proof.key || act.role !== 'operator') {
    return refuse('not-permitted', 'the first operator signs with the key that they register')
  }
  return ok([
    { type: 'person-registered', person, key, title: title ?? null, customer: null },
    { type: 'role-granted', person, role: 'operator' },
  ])
}

function register(people: People, command: CommandOf<'people.register'>): Decided {
  const { person, key, title = null, customer = null } = command
  if (personOf(people, person)) {
    return refuse('person-exists', `somebody is called ${quote(person)}; choose another id`)
  }
  if (Object.keys(people.persons).length >= PEOPLE_MAX) {
    return refuse('too-many', `a register knows at most ${PEOPLE_MAX} people`)
  }
  if (isKnown(people, key)) return keyKnown()
  return ok([{ type: 'person-registered', person, key, title, customer }])
}

function replaceKey(people: People, { id: person, keys }: Person, key: string): Decided {
  if (isKnown(people, key)) return keyKnown()
  if (keys.length >= KEYS_MAX) {
    return refuse('too-many', `a person has at most ${KEYS_MAX} keys; register them anew`)
  }
  return ok([{ type: 'key-replaced', person, key }])
}

function isKnown({ persons }: People, key: string): boolean {
  return Object.values(persons).some(({ keys }) => keys.includes(key))
}

function keyKnown(): Decided {
  return refuse('key-known', 'this key is or was somebody’s already; make a new one')
}

function grant({ id: person, roles, customer }: Person, role: Role, act: Act): Decided {
  if (person === act.by) {
    return refuse('own-role', 'nobody grants themselves a role; ask another operator')
  }
  if (roles.includes(role)) return refuse('role-held', `${quote(person)} is ${role} already`)
  const conflict = roles.find((held) => excludeEachOther(held, role))
  if (conflict !== undefined) {
    const message = `nobody is both ${role} and ${conflict}; revoke that, or choose somebody else`
    return refuse('role-conflict', message)
  }
  if (role === 'customer-representative' && customer === null) {
    const message = `${quote(person)} is registered for no customer; register somebody with one`
    return refuse('customer-missing', message)
  }
  return ok([{ type: 'role-granted', person, role }])
}

function revoke(people: People, person: Person, role: Role): Decided {
  if (!person.roles.includes(role)) {
    return refuse('role-not-held', `${quote(person.id)} is no ${role}`)
  }
  if (role === 'operator' && isLastOperator(people, person)) return lastOperator()
  return ok([{ type: 'role-revoked', person: person.id, role }])
}

function leave(people: People, person: Person): Decided {
  if (isLastOperator(people, person)) return lastOperator()
  return ok([{ type: 'person-left', person: person.id }])
}

function isLastOperator({ persons }: People, { id }: Person): boolean {
  const operators = Object.values(persons).filter(({ roles }) => roles.includes('operator'))
  return operators.length === 1 && operators[0]?.id === id
}

function lastOperator(): Decided {
  return refuse('last-operator', 'nobody else is an operator; grant somebody that role first')
}

export function foldPeople(people: People, { event }: Recorded<PeopleEvent>): People {
  const person = personOf(people, event.person)
  const { persons } = people
  const changed = (change: Partial<Person>): People =>
    person ? { persons: { ...persons, [person.id]: { ...person, ...change } } } : people
  switch (event.type) {
    case 'person-registered': {
      const { person: id, key, title, customer } = event
      const registered = { id, title, customer, keys: [key], roles: [], hasLeft: false }
      return { persons: { ...persons, [id]: registered } }
    }
    case 'key-replaced':
      return changed({ keys: [...(person?.keys ?? []), event.key] })
    case 'role-granted':
      return changed({ roles: [...(person?.roles ?? []), event.role].sort() })
    case 'role-revoked':
      return changed({ roles: person?.roles.filter((held) => held !== event.role) ?? [] })
    case 'person-left':
      return changed({ roles: [], hasLeft: true })
  }
}

function refuse(code: PeopleRefusal, message: string): Result<never, Refused> {
  return fail({ code, message })
}
