import type { Random } from '../bench/example.ts'
import { contractCommand } from '../src/contract/contract-commands.ts'
import type { ContractLife } from '../src/contract/contract-life.ts'
import type { Role } from '../src/people.ts'
import { application } from '../src/review/application.ts'
import { caseCommand } from '../src/review/case-commands.ts'
import { PEOPLE, PROVIDER } from '../src/server/register-streams.ts'
import type { Subject } from '../src/store/change.ts'
import { DAY_MS, type Instant, printInstantShort } from '../src/time.ts'
import { applicationOf, drafting, soundCommand } from './case-world.ts'
import { below, isLucky, oneOf } from './chance.ts'
import { WHY } from './contract-story.ts'
import { EXAMPLE_TEXTS } from './example-world.ts'
import { type MemoryRegister, nameOf, type Sent } from './memory-register.ts'
import { CAST, type CastName, type Deed, keyOfCast } from './register-deeds.ts'
import {
  anyLine,
  applicationFor,
  type Line,
  nextDeed,
  STORED,
  sentOfCase,
  termsFrom,
  termsOf,
  whoIs,
  writtenTerms,
} from './register-walk.ts'

// What random people do in a register: mostly what would come next, now and then something else that they may do, and
// now and then what they may not.

const NAMES = Object.keys(CAST) as CastName[]
const ROLES: readonly Role[] = [...new Set(Object.values(CAST).flat()), 'auditor']
const CASE_ACTS = caseCommand.options.map(({ shape }) => shape.act.value)
const CONTRACT_ACTS = contractCommand.options.map(({ shape }) => shape.act.value)

/** Whom an act is usually done by, when it is none that comes next. */
const DOERS = {
  'case.revise': ['customer-representative'],
  'case.withdraw': ['customer-representative'],
  'case.screen': ['assessor'],
  'case.find': ['assessor'],
  'case.harms': ['assessor'],
  'case.weigh-benefit': ['assessor'],
  'case.draft-determination': ['assessor'],
  'case.declare-conflict': ['safeguards-officer', 'assessor', 'approver.legal'],
  'case.return': ['assessor', 'approver.legal'],
  'case.decline': ['assessor', 'approver.policy'],
  'contract.revise': ['signatory'],
  'contract.decline': ['signatory', 'customer-representative'],
  'contract.withdraw': ['signatory', 'customer-representative'],
  'contract.unenrol': ['customer-representative', 'safeguards-officer'],
  'contract.attest': ['customer-representative'],
  'contract.record-authority': ['assessor', 'approver.legal'],
  'contract.meet-duty': ['customer-representative'],
  'contract.report-incident': ['customer-representative'],
  'contract.stop': ['customer-representative', 'safeguards-officer', 'signatory'],
  'contract.lift-stop': ['safeguards-officer'],
  'contract.suspend': ['safeguards-officer', 'signatory'],
  'contract.reinstate': ['safeguards-officer'],
  'contract.terminate': ['signatory'],
  'contract.amend': ['safeguards-officer', 'signatory'],
} as const satisfies Readonly<Record<string, readonly Role[]>>

/** What pauses and narrows comes oftener. */
const ODD_ACTS = [
  ...(Object.keys(DOERS) as (keyof typeof DOERS)[]),
  'contract.suspend',
  'contract.suspend',
  'contract.stop',
  'contract.amend',
  'contract.amend',
] as const

/** What ends or undoes comes less often. */
const ENDING: ReadonlySet<string> = new Set([
  'case.withdraw',
  'case.return',
  'case.decline',
  'case.declare-conflict',
  'contract.decline',
  'contract.withdraw',
  'contract.terminate',
])

/** The instant of the next deed, and the deed. Time passes mostly when there is nothing else to do. */
export function anyDeed(register: MemoryRegister, random: Random, before: Instant): Deed {
  const at = before + (isLucky(random, 0.1) ? oneOf(random, [60_000, DAY_MS, 3 * DAY_MS]) : 0)
  const kind = random()
  if (kind < 0.1) return hostileDeed(register, random, at)
  if (kind < 0.21) return oddDeed(register, random, at)
  if (kind < 0.24) return deedOnPeople(register, random, at)
  if (kind < 0.25) return deedOnDocuments(register, random, at)
  const next = nextDeed(register, random, at) ?? nextDeed(register, random, at)
  if (next) return next
  const later = at + waitFor(register, random, at)
  return nextDeed(register, random, later) ?? oddDeed(register, random, later)
}

/** How long until something may happen by the clock, or a little less or more. */
function waitFor(register: MemoryRegister, random: Random, at: Instant): number {
  const ahead = [...register.things.keys()].flatMap((name) => {
    const [stream, id = ''] = name.split('/')
    const life = stream === 'contract' ? register.contract(id) : undefined
    return life ? instantsOf(life) : []
  })
  const next = ahead.filter((one) => one > at).sort((a, b) => a - b)
  const first = next[isLucky(random, 0.8) ? 0 : below(random, next.length)] ?? at + 10 * DAY_MS
  return Math.max(0, first - at + oneOf(random, [-2 * DAY_MS, -1, 0, 0, 0, 1, DAY_MS]))
}

function instantsOf({ states, attestations, terms, ends }: ContractLife): readonly Instant[] {
  return [
    ...states.map(({ from }) => from),
    ...attestations.map(({ until }) => until ?? 0),
    ...terms.duties.flatMap(({ due }) => due),
    ...(ends ? [ends.from - 25 * DAY_MS] : []),
  ]
}

/** Something that may be done now, though it is not what comes next. */
function oddDeed(register: MemoryRegister, random: Random, at: Instant): Deed {
  const line = anyLine(register, random, at)
  const stream = register.contract(line.contract) ? 'contract' : 'case'
  const fit = ODD_ACTS.filter((act) => act.startsWith(`${stream}.`))
  const act = oneOf(random, isLucky(random, 0.2) ? fit : fit.filter((one) => !ENDING.has(one)))
  const role: Role = oneOf<Role>(random, DOERS[act])
  const subject = subjectOf(line, act)
  return {
    by: whoIs(register, random, role),
    role,
    subject,
    sent: sentFor({ register, random, at, line, act }),
    at,
  }
}

function subjectOf(line: Line, act: string): Subject {
  return act.startsWith('case.')
    ? { stream: 'case', id: line.case }
    : { stream: 'contract', id: line.contract }
}

/** What should be refused, most of the time: another person, role or moment than what comes next, or anything at all. */
function hostileDeed(register: MemoryRegister, random: Random, at: Instant): Deed {
  const line = anyLine(register, random, at)
  const next = nextDeed(register, random, at, line)
  const [by, role] = [oneOf(random, NAMES), oneOf(random, ROLES)]
  const own = oneOf<Role>(random, CAST[by])
  if (!next || isLucky(random, 0.3)) {
    const act = oneOf(random, [...CASE_ACTS, ...CONTRACT_ACTS])
    const sent = sentFor({ register, random, at, line, act })
    return { by, role: isLucky(random, 0.5) ? own : role, subject: subjectOf(line, act), sent, at }
  }
  switch (below(random, 8)) {
    case 0:
    case 1:
    case 2:
      return doneAgain(register, random, next)
    case 3:
      return { ...next, by }
    case 4:
      return { ...next, by, role: own }
    case 5:
      return { ...next, role }
    case 6:
      return { ...next, at: at - DAY_MS }
    default:
      return { ...next, spoilt: oneOf(random, ['round', 'digest', 'nonce', 'key'] as const) }
  }
}

/** What comes next, by somebody who has had a hand in it already, when there is one with the role. */
function doneAgain(register: MemoryRegister, random: Random, next: Deed): Deed {
  const { subject, role } = next
  const own = register.events.filter((told) => nameOf(told.subject) === nameOf(subject))
  const people = [...new Set(own.map(({ act }) => act.by as CastName))]
  const fit = people.filter((name) => register.people.persons[name]?.roles.includes(role))
  return fit.length > 0 ? { ...next, by: oneOf(random, fit) } : next
}

interface On {
  readonly register: MemoryRegister
  readonly random: Random
  readonly at: Instant
  readonly line: Line
  readonly act: string
}

/** A command of an act as things stand; some are back-dated, too wide or about nothing. */
function sentFor(on: On): Sent {
  const { register, random, at, line, act } = on
  if (act.startsWith('case.')) return sentForCase(on)
  const life = register.contract(line.contract)
  const from = printInstantShort(at + oneOf(random, [0, 0, 0, 2, 9, -3]) * DAY_MS)
  switch (act) {
    case 'contract.draft':
    case 'contract.revise':
    case 'contract.amend': {
      const state = register.case(line.case)
      const terms = life?.terms ?? (state && termsOf(state))
      const drafted = act === 'contract.draft' ? { contract: line.contract, case: line.case } : {}
      return { act, ...drafted, terms: terms ? writtenTerms(termsFrom(terms, random, at)) : {} }
    }
    case 'contract.terminate':
      return { act, reasons: WHY, ...(isLucky(random, 0.5) ? { from } : {}) }
    default:
      return sentOnRow({ random, at, act, from, life })
  }
}

function sentForCase({ register, random, at, line, act }: On): Sent {
  switch (act) {
    case 'case.open':
    case 'case.revise': {
      const asked = applicationFor(register, line, at)
      const given = isLucky(random, 0.1) ? applicationOf({ mission: '' }) : asked
      const opened = act === 'case.open' ? { case: line.case } : {}
      return { act, ...opened, application: application.encode(given) }
    }
    case 'case.import':
      return { ...sentOfCase(soundCommand(act, at)), case: line.case }
    case 'case.draft-determination': {
      const asked = register.case(line.case)?.application ?? applicationOf()
      const mission = isLucky(random, 0.3) ? { mission: 'Another' } : {}
      return sentOfCase(drafting(mission, asked))
    }
    case 'case.declare-conflict':
      return { act, person: oneOf(random, NAMES), reason: WHY }
    case 'case.find':
    case 'case.weigh-benefit': {
      const sound = sentOfCase(soundCommand(act, at))
      const finding = isLucky(random, 0.2) ? 'inadequate' : 'adequate'
      const days = oneOf(random, [3, 60, 60, 89])
      return { ...sound, finding, 'valid-until': printInstantShort(at + days * DAY_MS) }
    }
    default:
      return sentOfCase(soundCommand(act as 'case.submit', at))
  }
}

interface OnRow {
  readonly random: Random
  readonly at: Instant
  readonly act: string
  readonly from: string
  readonly life: ContractLife | undefined
}

function sentOnRow({ random, at, act, from, life }: OnRow): Sent {
  const { terms, digest, stops } = life ?? { terms: undefined, digest: STORED, stops: [] }
  const idOf = (rows: readonly { readonly id: string }[] = []): string =>
    rows[below(random, rows.length)]?.id ?? 'none'
  const deployment = idOf(terms?.deployments)
  const duty = terms?.duties[below(random, terms.duties.length)]
  const due = printInstantShort(duty?.due[0] ?? at)
  const later = printInstantShort(at + oneOf(random, [10, 28, 40]) * DAY_MS)
  switch (act) {
    case 'contract.sign':
      return { act, side: oneOf(random, ['provider', 'customer']) }
    case 'contract.enrol':
      return { act, deployment, from, acknowledges: digest }
    case 'contract.unenrol':
      return { act, deployment, ...(isLucky(random, 0.5) ? { until: from } : {}) }
    case 'contract.attest':
      return { act, safeguard: idOf(terms?.safeguards), from, until: later }
    case 'contract.record-authority': {
      const status = oneOf(random, ['in-force', 'in-force', 'enjoined', 'lapsed'])
      const source = 'Official gazette'
      return { act, authority: idOf(terms?.authorities), status, from, 'review-by': later, source }
    }
    case 'contract.meet-duty':
      return { act, duty: duty?.id ?? 'none', due, evidence: STORED }
    case 'contract.reinstate-duty':
      return { act, duty: duty?.id ?? 'none', due }
    case 'contract.report-incident':
      return { act, happened: from, kind: 'wrong-name', summary: STORED }
    case 'contract.stop': {
      const tailoring = idOf(terms?.tailorings)
      const scope = oneOf<unknown>(random, ['contract', { tailoring }, { deployment }])
      return { act, scope, reasons: WHY }
    }
    case 'contract.lift-stop':
      return {
        act,
        stop: Math.max(
          0,
          stops.findIndex(({ until }) => until === null),
        ),
      }
    case 'contract.propose':
      return { act }
    default:
      return { act, reasons: WHY }
  }
}

/** Roles come and go, keys are replaced, and people leave. */
function deedOnPeople(register: MemoryRegister, random: Random, at: Instant): Deed {
  const person = oneOf(random, NAMES)
  const known = register.people.persons[person]
  const lost = CAST[person].find((role) => !known?.roles.includes(role))
  const of = (sent: Sent): Deed => ({
    by: person === 'operator' ? 'operator2' : 'operator',
    role: 'operator',
    subject: PEOPLE,
    sent,
    at,
  })
  if (isLucky(random, 0.4)) return of(turned(register, random))
  if (lost && !known?.hasLeft) return of({ act: 'people.grant', person, role: lost })
  switch (below(random, 5)) {
    case 0:
      return of({ act: 'people.grant', person, role: oneOf(random, ROLES) })
    case 1:
      return of({ act: 'people.revoke', person, role: oneOf<Role>(random, CAST[person]) })
    case 2:
      return of({ act: 'people.leave', person: oneOf(random, ['policy2', 'legal2', 'watch']) })
    case 3:
      return { ...of({ act: 'people.grant', person, role: oneOf(random, ROLES) }), by: person }
    default: {
      const key = keyOfCast(person, known?.keys.length ?? 0)
      return of({ act: 'people.replace-key', person, key })
    }
  }
}

/** Whoever has applied comes to be one who judges, or the other way round. */
function turned(register: MemoryRegister, random: Random): Sent {
  const person = 'turncoat'
  const [role] = register.people.persons[person]?.roles ?? []
  if (role !== undefined) return { act: 'people.revoke', person, role }
  const roles = ['customer-representative', 'approver.policy', 'approver.legal', 'assessor']
  return { act: 'people.grant', person, role: oneOf(random, roles) }
}

/** A next version of the policy, in which nothing is other than in the one before, and its approvals. */
function deedOnDocuments(register: MemoryRegister, random: Random, at: Instant): Deed {
  const { proposal, versions } = register.provider
  if (proposal && isLucky(random, 0.9)) {
    const missing = ['policy', 'legal', 'safeguards'].filter(
      (name) => !proposal.approvals.some(({ role }) => role === `approver.${name}`),
    )
    const role: Role = `approver.${oneOf(random, missing)}`
    const by = whoIs(register, random, role)
    return { by, role, subject: PROVIDER, sent: { act: 'provider.approve' }, at }
  }
  const from = at + oneOf(random, [0, 5, 30]) * DAY_MS
  const sent = { act: 'provider.propose', ...versionOf(versions.length, from) }
  return { by: 'author', role: 'policy-author', subject: PROVIDER, sent, at }
}

function versionOf(n: number, from: Instant): { policy: string; exceptions: string } {
  const { policy, exceptions } = EXAMPLE_TEXTS
  const earlier = ['2025-09-15', ...Array.from({ length: n - 1 }, (_, i) => `later-${i + 1}`)]
  const same = ['surveillance.persons', 'surveillance.intelligence-analysis']
  const rows = earlier.flatMap((version) =>
    same.map((id) => `  - { from: ${version}/${id}, to: [${id}], kind: same }\n`),
  )
  return {
    policy: policy
      .replace('version: 2025-09-15', `version: later-${n}`)
      .replace(/^effective: .*$/m, `effective: ${printInstantShort(from)}`)
      .replace('lineage:\n', `lineage:\n${rows.join('')}`),
    exceptions,
  }
}

/** A way through a register, from a seed: after each deed it is told whether that was carried out. */
export function* walk(
  register: MemoryRegister,
  random: Random,
  { from, deeds }: { readonly from: Instant; readonly deeds: number },
): Generator<Deed> {
  let at = from
  for (let i = 0; i < deeds; i++) {
    const deed = anyDeed(register, random, at)
    at = Math.max(at, deed.at)
    yield deed
  }
}
