import * as z from 'zod'
import type { Random } from '../bench/example.ts'
import { type Terms, terms as termsShape } from '../src/contract/contract.ts'
import { type ContractCommand, contractCommand } from '../src/contract/contract-commands.ts'
import { type ContractLife, contractStateAt } from '../src/contract/contract-life.ts'
import { digestOf } from '../src/digest.ts'
import type { Role } from '../src/people.ts'
import type { Application } from '../src/review/application.ts'
import { type Case, stateAt } from '../src/review/case.ts'
import { type CaseCommand, caseCommand } from '../src/review/case-commands.ts'
import { questionsOf } from '../src/review/considerations.ts'
import { signedAuthority } from '../src/review/contract-of.ts'
import type { Subject } from '../src/store/change.ts'
import { DAY_MS, type Instant, printInstantShort } from '../src/time.ts'
import {
  applicationOf,
  drafting,
  EVIDENCE_TEXT,
  PROVIDER as EXAMPLE_PROVIDER,
  inApril,
  OPENED,
  sha256,
  soundCommand,
} from './case-world.ts'
import { below, isLucky, oneOf } from './chance.ts'
import { changedTerms } from './contract-steps.ts'
import { WHY } from './contract-story.ts'
import type { MemoryRegister, Sent } from './memory-register.ts'
import { CAST, type CastName, type Deed } from './register-deeds.ts'

// What would come next in a register: for a case until it is determined, for its contract from then on.

/** Of the file of evidence that is stored. */
export const STORED = digestOf(sha256(EVIDENCE_TEXT))

const QUESTIONS = questionsOf(EXAMPLE_PROVIDER)

/** A body's way from an application to a contract; ids are those of the attempt that is under way. */
export interface Line {
  readonly case: string
  readonly contract: string
  readonly kind: 'first' | 'later' | 'renewal'
}

const GONE: ReadonlySet<string> = new Set(['declined', 'withdrawn', 'lapsed'])

/** The last attempt on a line that has not come to nothing. */
export function lineOf(register: MemoryRegister, kind: Line['kind'], at: Instant): Line {
  for (let attempt = 1; ; attempt++) {
    const line = { case: `case-${kind}-${attempt}`, contract: `${kind}-${attempt}`, kind }
    const state = register.case(line.case)
    const life = register.contract(line.contract)
    const isGone =
      (state && GONE.has(stateAt(state, at))) || (life && GONE.has(contractStateAt(life, at)))
    if (!isGone || attempt === 9) return line
  }
}

/** Some line; mostly that of a renewal once there is something to renew. */
export function anyLine(register: MemoryRegister, random: Random, at: Instant): Line {
  const first = lineOf(register, 'first', at)
  const ends = register.contract(first.contract)?.ends?.from ?? Infinity
  const isNear = ends - 30 * DAY_MS <= at && at < ends
  if (isLucky(random, isNear ? 0.7 : 0.02)) return lineOf(register, 'renewal', at)
  return isLucky(random, 0.7) ? first : lineOf(register, 'later', at)
}

/** What is applied for on a line by now. */
export function applicationFor(register: MemoryRegister, { kind }: Line, at: Instant): Application {
  if (kind === 'renewal') {
    const renews = lineOf(register, 'first', at).contract
    const until = register.contract(renews)?.terms.term.until ?? at + 20 * DAY_MS
    return ofTerm({ renews }, until)
  }
  if (at > OPENED + 10 * DAY_MS) return ofTerm({}, at + 20 * DAY_MS)
  return kind === 'later' ? inApril() : applicationOf()
}

function ofTerm(more: object, from: Instant): Application {
  const until = printInstantShort(from + 150 * DAY_MS)
  const due = [printInstantShort(from + 60 * DAY_MS)]
  return applicationOf({
    ...more,
    term: { from: printInstantShort(from), until },
    duties: [{ id: 'dialogue', kind: 'dialogue', due, grace: 'P14D' }],
  })
}

/** What a contract says of just what was determined. */
export function termsOf(state: Case): Terms | undefined {
  const { application, drafted } = state
  if (!drafted) return undefined
  const { safeguards, ...judged } = drafted.determination
  return {
    ...judged,
    policy: drafted.policy,
    party: application.party,
    clauses: [{ id: 'c1', text: 'As was judged', binds: judged.tailorings.map(({ id }) => id) }],
    authorities: application.authorities.map(signedAuthority),
    safeguards: [...application.safeguards, ...safeguards],
  }
}

export function sentOfCase(command: CaseCommand): Sent {
  return z.encode(caseCommand, command) as Sent
}

export function sentOfContract(command: ContractCommand): Sent {
  return z.encode(contractCommand, command) as Sent
}

export function writtenTerms(terms: Terms): unknown {
  return z.encode(termsShape, terms)
}

/** Somebody who has a role now; when nobody has, one of those who had it at first. */
export function whoIs(register: MemoryRegister, random: Random, role: Role): CastName {
  const all = Object.keys(CAST) as CastName[]
  const there = all.filter((name) => register.people.persons[name]?.roles.includes(role) ?? false)
  const first = all.filter((name) => (CAST[name] as readonly Role[]).includes(role))
  return oneOf(random, there.length > 0 ? there : first)
}

/** The same, of those who represent the body that applies. */
function whoApplies(register: MemoryRegister, random: Random): CastName {
  const isIn = register.people.persons['turncoat']?.roles.includes(REP) ?? false
  return oneOf(random, isIn ? ['rep', 'clerk', 'turncoat'] : ['rep', 'clerk'])
}

interface Doing {
  readonly role: Role
  readonly command: CaseCommand | ContractCommand
  /** Whoever usually does it, unless said. */
  readonly by?: CastName | undefined
}

/** What would come next on a line, by somebody who may do it; undefined when there is nothing to do but to wait. */
export function nextDeed(
  register: MemoryRegister,
  random: Random,
  at: Instant,
  line = anyLine(register, random, at),
): Deed | undefined {
  const state = register.case(line.case)
  const life = register.contract(line.contract)
  const now = state && stateAt(state, at)
  const isCase = !life && now !== 'determined' && now !== 'concluded'
  const doing = isCase
    ? nextOfCase(register, random, at, line)
    : nextOfContract(register, random, at, line)
  if (!doing) return undefined
  const { role, command } = doing
  const by =
    doing.by ?? (role === REP ? whoApplies(register, random) : whoIs(register, random, role))
  const subject: Subject = isCase
    ? { stream: 'case', id: line.case }
    : { stream: 'contract', id: line.contract }
  const sent = isCase
    ? sentOfCase(command as CaseCommand)
    : sentOfContract(command as ContractCommand)
  return { by, role, subject, sent, at }
}

const REP = 'customer-representative'

function nextOfCase(
  register: MemoryRegister,
  random: Random,
  at: Instant,
  line: Line,
): Doing | undefined {
  const state = register.case(line.case)
  const application = (): Application => applicationFor(register, line, at)
  if (!state) {
    return { role: REP, command: { act: 'case.open', case: line.case, application: application() } }
  }
  const isLate = state.application.term.from <= at
  switch (stateAt(state, at)) {
    case 'draft':
    case 'returned':
      if (isLate || state.application.mission === '') {
        return { role: REP, command: { act: 'case.revise', application: application() } }
      }
      return { role: REP, command: { act: 'case.submit' } }
    case 'submitted':
      return { role: 'assessor', command: soundCommand('case.screen', at) }
    case 'screened':
    case 'determining':
      if (isLate) return { role: 'assessor', command: { act: 'case.return', reasons: WHY } }
      return assessing(register, random, at, state)
    default:
      return undefined
  }
}

/** What an assessment lacks; once it has all, an approval. */
function assessing(
  register: MemoryRegister,
  random: Random,
  at: Instant,
  state: Case,
): Doing | undefined {
  const role = 'assessor'
  if (!state.screening) return { role, command: soundCommand('case.screen', at) }
  const isCurrent = (one: Case['benefit'] | undefined): boolean =>
    one?.finding === 'adequate' && one['valid-until'] > at
  const open = QUESTIONS.filter(
    (question) => !isCurrent(state.findings.find((one) => one.question === question)),
  )
  if (open.length > 0) {
    return { role, command: soundCommand('case.find', at, oneOf(random, open)) }
  }
  if (!state.harms) return { role, command: soundCommand('case.harms', at) }
  if (!isCurrent(state.benefit)) return { role, command: soundCommand('case.weigh-benefit', at) }
  const { provider } = register.documentsAt(at)
  const policy = `${provider?.policy.id}@${provider?.policy.version}`
  if (state.drafted?.policy !== policy) return { role, command: drafting({}, state.application) }
  const asked = Object.keys(provider?.exceptions.quorum ?? {})
  const missing = asked.filter((name) => !state.approvals.some((one) => one.role === name))
  const approver: Role = `approver.${oneOf(random, missing.length > 0 ? missing : asked)}`
  return { role: approver, command: { act: 'case.approve' } }
}

function nextOfContract(
  register: MemoryRegister,
  random: Random,
  at: Instant,
  line: Line,
): Doing | undefined {
  const state = register.case(line.case)
  const life = register.contract(line.contract)
  if (!life) {
    const terms = state && termsOf(state)
    const renews = state?.application.renews
    const more = renews === undefined ? {} : { renews }
    if (!terms) return undefined
    const command = {
      act: 'contract.draft',
      contract: line.contract,
      case: line.case,
      terms,
    } as const
    return { role: 'signatory', command: { ...command, ...more } }
  }
  const now = contractStateAt(life, at)
  if (now === 'draft') return { role: 'signatory', command: { act: 'contract.propose' } }
  if (now === 'proposed') return signing(life, random)
  if (now === 'suspended') {
    const others = (['watch', 'officer', 'safeguards', 'signer'] as const).filter(
      (name) => !life.suspendedBy.includes(name),
    )
    const command = { act: 'contract.reinstate', reasons: WHY } as const
    return { role: 'safeguards-officer', command, by: oneOf(random, others) }
  }
  return now === 'approved' || now === 'in_force' ? keeping(life, random, at) : undefined
}

function signing({ signatures }: ContractLife, random: Random): Doing {
  const isSigned = (side: string): boolean => signatures.some((one) => one.side === side)
  const side =
    isSigned('provider') || (!isSigned('customer') && isLucky(random, 0.5))
      ? ('customer' as const)
      : ('provider' as const)
  const role = side === 'provider' ? 'signatory' : REP
  return { role, command: { act: 'contract.sign', side } }
}

/** What it takes for all of a contract to be in force, and to stay so. */
function keeping(life: ContractLife, random: Random, at: Instant): Doing | undefined {
  const { terms, digest, enrolments, authorities, attestations, stops } = life
  const from = Math.max(at, terms.term.from)
  const outside = terms.deployments.find(
    ({ id }) => !enrolments.some((row) => row.deployment === id && (row.until ?? Infinity) > at),
  )
  if (outside && life.ends?.state !== 'terminated') {
    const command = {
      act: 'contract.enrol',
      deployment: outside.id,
      from,
      acknowledges: digest,
    } as const
    return { role: REP, command }
  }
  const unknown = terms.authorities.find(({ id }) => {
    const last = authorities.findLast((row) => row.id === id)
    return last?.status !== 'in-force' || (last['review-by'] ?? 0) < at + 5 * DAY_MS
  })
  if (unknown) {
    const status = { authority: unknown.id, status: 'in-force', from: at } as const
    const review = { 'review-by': at + 120 * DAY_MS, source: 'Official gazette' }
    return { role: 'assessor', command: { act: 'contract.record-authority', ...status, ...review } }
  }
  const unattested = terms.safeguards.find(
    ({ id }) =>
      !attestations.some((row) => row.safeguard === id && (row.until ?? 0) > at + 3 * DAY_MS),
  )
  if (unattested && from < at + 25 * DAY_MS) {
    const until = at + 31 * DAY_MS
    return { role: REP, command: { act: 'contract.attest', safeguard: unattested.id, from, until } }
  }
  const stop = stops.findIndex(({ until }) => until === null)
  if (stop >= 0) {
    const others = (['watch', 'officer'] as const).filter((name) => name !== stops[stop]?.by)
    const command = { act: 'contract.lift-stop', stop } as const
    return { role: 'safeguards-officer', command, by: oneOf(random, others) }
  }
  return owing(life, random, at)
}

/** What is due, mostly in time. */
function owing({ terms, duties }: ContractLife, random: Random, at: Instant): Doing | undefined {
  const ahead = isLucky(random, 0.5) ? 5 * DAY_MS : -20 * DAY_MS
  for (const { id: duty, due: all, grace } of terms.duties) {
    for (const due of all.filter((one) => one < at + ahead)) {
      const row = duties.find((one) => one.id === duty && one.due === due)
      if (!row) {
        const role: Role = isLucky(random, 0.7) ? REP : 'safeguards-officer'
        return { role, command: { act: 'contract.meet-duty', duty, due, evidence: STORED } }
      }
      if (row.met > due + grace && row.reinstated === null) {
        return {
          role: 'safeguards-officer',
          command: { act: 'contract.reinstate-duty', duty, due },
        }
      }
    }
  }
  return undefined
}

/** Other terms than those that stand, most of them narrower. */
export function termsFrom(terms: Terms, random: Random, at: Instant): Terms {
  return changedTerms(terms, at, below(random, 10_000))
}
