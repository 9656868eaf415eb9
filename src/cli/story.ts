import * as z from 'zod'
import { type Contract, determination as determinationShape, terms } from '../contract/contract.ts'
import type { World } from '../decision/world.ts'
import type { Role } from '../people.ts'
import { application } from '../review/application.ts'
import { questionsOf } from '../review/considerations.ts'
import { DAY_MS, type Instant, parseInstant, printInstantShort } from '../time.ts'
import { sha256 } from './load.ts'

// A policy directory told as acts in a register: how its contracts may have come to be what they are, and applications
// that have come less far. It is for trying, so that there is something to look at.

/** One act of somebody, at an instant. */
export interface Step {
  readonly at: Instant
  readonly by: string
  readonly role: Role
  /** `people`, `provider`, `cases/ID` or `contracts/ID`. */
  readonly path: string
  readonly command: { readonly act: string } & Readonly<Record<string, unknown>>
}

/** Everybody but those who represent customers, each in one role. */
export const STAFF = {
  author: 'policy-author',
  assessor: 'assessor',
  'policy-approver': 'approver.policy',
  'legal-approver': 'approver.legal',
  'safeguards-approver': 'approver.safeguards',
  signatory: 'signatory',
  officer: 'safeguards-officer',
  'second-officer': 'safeguards-officer',
} as const satisfies Record<string, Role>

const APPROVERS = ['policy-approver', 'legal-approver', 'safeguards-approver'] as const

export function representativeOf(customer: string): string {
  return `${customer}.representative`
}

const HOUR_MS = 3_600_000

/** From the opening of a case to its determination. */
const CASE_MS = 10 * DAY_MS

/** How far a case has come. */
const STAGES = ['draft', 'submitted', 'screened', 'determining', 'determined'] as const
type Stage = (typeof STAGES)[number]

/** How a case may end before it is assessed, or go back. */
const ENDS = ['returned', 'declined', 'withdrawn', 'lapsed'] as const
type End = (typeof ENDS)[number]

class Tale {
  readonly steps: Step[] = []
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  do(at: Instant, who: keyof typeof STAFF, path: string, command: Step['command']): void {
    this.steps.push({ at, by: who, role: STAFF[who], path, command })
  }

  represent(at: Instant, customer: string, path: string, command: Step['command']): void {
    const by = representativeOf(customer)
    this.steps.push({ at, by, role: 'customer-representative', path, command })
  }

  /** A case as it came to a contract's determination, or less far. */
  tellCase(contract: Contract, stage: Stage): void {
    const { customer, determination } = contract
    const { case: id, decided } = determination
    const path = `cases/${id}`
    const asked = applicationOf(contract)
    const begun = decided - CASE_MS
    const isAt = (least: Stage): boolean => STAGES.indexOf(stage) >= STAGES.indexOf(least)
    this.represent(begun, customer, path, { act: 'case.open', case: id, application: asked })
    if (!isAt('submitted')) return
    this.represent(begun + HOUR_MS, customer, path, { act: 'case.submit' })
    if (!isAt('screened')) return
    const rationale = 'A public body with a mission of its own, as its founding statute says'
    const evidence = evidenceOf(`Screening of ${customer}`)
    this.do(begun + DAY_MS, 'assessor', path, { act: 'case.screen', rationale, evidence })
    if (!isAt('determining')) return
    this.#assess(contract, begun + 2 * DAY_MS)
    const { case: _, decided: __, ...judged } = z.encode(determinationShape, determination)
    const draft = { ...judged, suspension: contract.terms.suspension, safeguards: [] }
    const drafting = { act: 'case.draft-determination', determination: draft }
    this.do(decided - 2 * DAY_MS, 'assessor', path, drafting)
    const approvers = isAt('determined') ? APPROVERS : APPROVERS.slice(0, 2)
    for (const [i, who] of approvers.entries()) {
      this.do(decided - (2 - i) * HOUR_MS, who, path, { act: 'case.approve' })
    }
  }

  /** A case that came no further than its application. */
  tellEnd(contract: Contract, end: End): void {
    const { customer, determination } = contract
    const { case: id, decided } = determination
    const path = `cases/${id}`
    const begun = decided - CASE_MS
    const asked = applicationOf(contract)
    this.represent(begun, customer, path, { act: 'case.open', case: id, application: asked })
    if (end === 'lapsed') return
    if (end === 'withdrawn') {
      const reasons = 'The body takes another course'
      return this.represent(begun + HOUR_MS, customer, path, { act: 'case.withdraw', reasons })
    }
    this.represent(begun + HOUR_MS, customer, path, { act: 'case.submit' })
    const answered =
      end === 'returned'
        ? { act: 'case.return', reasons: 'Say who may call the second deployment' }
        : { act: 'case.decline', reasons: 'What is asked for can be done within the policy' }
    this.do(begun + DAY_MS, 'assessor', path, answered)
  }

  #assess({ determination, terms: signed }: Contract, at: Instant): void {
    const path = `cases/${determination.case}`
    const valid = printInstantShort(at + 80 * DAY_MS)
    const finding = (question: string): object => ({
      finding: 'adequate',
      rationale: `What was handed in answers the question of ${question}`,
      evidence: evidenceOf(`Evidence on ${question}`),
      'valid-until': valid,
    })
    for (const question of questionsOf({ exceptions: this.#world.exceptions })) {
      this.do(at, 'assessor', path, { act: 'case.find', question, ...finding(question) })
    }
    const lifted = new Set(determination.tailorings.flatMap(({ lifts }) => lifts))
    const rows = this.#world.policy.restrictions
      .filter(({ id }) => lifted.has(id))
      .flatMap(({ id, harms }) =>
        harms.map((harm) => ({
          restriction: id,
          harm,
          'mitigated-by': signed.safeguards.map((safeguard) => safeguard.id),
          residual: 'A result is read by those who review it',
        })),
      )
    this.do(at + HOUR_MS, 'assessor', path, { act: 'case.harms', rows })
    const benefit = { act: 'case.weigh-benefit', ...finding('benefit') }
    this.do(at + 2 * HOUR_MS, 'assessor', path, benefit)
  }

  /** A contract from its draft to the customer's signature, and to the provider's when it is told whole. */
  tellContract({ id, customer, determination, terms: signed }: Contract, isWhole: boolean): void {
    const path = `contracts/${id}`
    const { case: determinedIn, decided } = determination
    const drafting = {
      act: 'contract.draft',
      contract: id,
      case: determinedIn,
      terms: z.encode(terms, signed),
    }
    this.do(decided + DAY_MS, 'signatory', path, drafting)
    this.do(decided + DAY_MS + HOUR_MS, 'signatory', path, { act: 'contract.propose' })
    const sign = 'contract.sign'
    this.represent(decided + 2 * DAY_MS, customer, path, { act: sign, side: 'customer' })
    if (isWhole) this.do(decided + 3 * DAY_MS, 'signatory', path, { act: sign, side: 'provider' })
  }

  /** What has happened to a contract since, as far as that is before an instant. */
  tellRegister(
    { id, customer, terms: signed, register, determination }: Contract,
    until: Instant,
  ): void {
    const path = `contracts/${id}`
    const { from } = signed.term
    for (const { deployment, from: enrolled } of register.enrolments) {
      const enrol = { act: 'contract.enrol', deployment, from: printInstantShort(enrolled) }
      this.represent(determination.decided + 4 * DAY_MS, customer, path, enrol)
    }
    for (const { id: authority, status, 'review-by': review } of register.authorities) {
      const row = { authority, status, from: printInstantShort(from), source: 'Official gazette' }
      const reviewed = review === undefined ? {} : { 'review-by': printInstantShort(review) }
      this.do(from, 'officer', path, { act: 'contract.record-authority', ...row, ...reviewed })
    }
    for (const { id: safeguard } of signed.safeguards) {
      for (let at = from; at < until; at += 30 * DAY_MS) {
        const row = { from: printInstantShort(at), until: printInstantShort(at + 31 * DAY_MS) }
        this.represent(at, customer, path, { act: 'contract.attest', safeguard, ...row })
      }
    }
    for (const { id: duty, due, met } of register.duties) {
      if (met === undefined || met >= until) continue
      const evidence = `sha256:${sha256(minutesOf(duty))}`
      this.represent(met, customer, path, {
        act: 'contract.meet-duty',
        duty,
        due: printInstantShort(due),
        evidence,
      })
    }
    for (const { state, from: at } of register.states) {
      if (state !== 'suspended' || at >= until) continue
      this.do(at, 'officer', path, {
        act: 'contract.suspend',
        reasons: 'A result was used that nobody had reviewed',
      })
    }
  }
}

/** The file that shows that a duty was met. */
export function minutesOf(duty: string): string {
  return `Minutes of ${duty}`
}

/** A file of evidence that a story names: all it says is its title. */
function evidenceOf(title: string): readonly object[] {
  const size = Buffer.byteLength(title)
  return [{ digest: `sha256:${sha256(title)}`, 'media-type': 'text/plain', size, title }]
}

/** What may have been applied for, so that a contract came of it: as it is written. */
function applicationOf(contract: Contract): unknown {
  const { customer, determination, terms: signed } = contract
  const { mission, term, deployments, duties, tailorings, decided } = determination
  const asOf = decided - 20 * DAY_MS
  const authorities = signed.authorities.map((authority) => ({
    ...authority,
    citation: { ...authority.citation, 'as-of': instantOf(authority.citation['as-of']) ?? asOf },
    title: authority.title ?? authority.id,
    holder: authority.holder ?? customer,
    'depends-on': [],
    status: {
      status: 'in-force' as const,
      from: asOf,
      'review-by': decided + 360 * DAY_MS,
      source: 'Official gazette',
    },
  }))
  const access = deployments.flatMap((deployment) =>
    deployment['end-users'].map((caller) => ({
      id: `${deployment.id}.${caller}`,
      deployment: deployment.id,
      caller,
      kind: 'staff' as const,
      through: 'Closed network of the body',
    })),
  )
  const oversight = {
    id: 'committee',
    kind: 'body' as const,
    title: 'Committee of parliament',
    citation: { scheme: 'prose' as const, id: 'Standing orders, rule 12', 'as-of': asOf },
    'review-by': decided + 360 * DAY_MS,
  }
  return z.encode(application, {
    customer,
    party: signed.party,
    jurisdiction: 'The state whose body it is',
    mission,
    term,
    authorities,
    tailorings,
    deployments,
    access,
    duties,
    safeguards: signed.safeguards,
    oversight: [oversight],
    suspension: signed.suspension,
  })
}

function instantOf(text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : parseInstant(text)
}

/** The terms that come of such an application: they cite what it cites. */
function agreed(contract: Contract): Contract {
  const { customer, determination, terms: signed } = contract
  const asOf = printInstantShort(determination.decided - 20 * DAY_MS)
  const authorities = signed.authorities.map((authority) => ({
    ...authority,
    citation: { ...authority.citation, 'as-of': authority.citation['as-of'] ?? asOf },
    title: authority.title ?? authority.id,
    holder: authority.holder ?? customer,
  }))
  return { ...contract, terms: { ...signed, authorities } }
}

/** The contracts that are told: in force, suspended, and one that lapses unless the provider signs. */
const IN_FORCE = 'osint-2026'
const SUSPENDED = 'sanctions-watch-2026'
const UNSIGNED = 'border-outlook-2026'

/** How long before the end of a story a determination was made that is about to lapse. */
const LAPSING_MS = 57 * DAY_MS

/** How long before the end of a story a case was opened that has lapsed since. */
const LAPSED_MS = 91 * DAY_MS

/** The story of the example provider's directory, up to an instant, in order; empty of any other. */
export function storyOf(world: World, until: Instant): readonly Step[] {
  const tale = new Tale(world)
  const contractOf = (id: string): Contract | undefined => {
    const contract = world.contracts.find((one) => one.id === id)
    return contract && agreed(contract)
  }
  for (const id of [IN_FORCE, SUSPENDED]) {
    const contract = contractOf(id)
    if (!contract) continue
    tale.tellCase(contract, 'determined')
    tale.tellContract(contract, true)
    tale.tellRegister(contract, until)
  }
  const unsigned = contractOf(UNSIGNED)
  if (unsigned) {
    const later = movedTo(unsigned, until - LAPSING_MS, until + 20 * DAY_MS)
    tale.tellCase(later, 'determined')
    tale.tellContract(later, false)
  }
  const applied = contractOf(IN_FORCE)
  if (applied) {
    for (const [i, stage] of STAGES.entries()) {
      const at = until - (8 - i) * HOUR_MS
      const again = movedTo(applied, at, until + 60 * DAY_MS, `case-${31 + i}`)
      tale.tellCase(again, stage)
    }
    for (const [i, end] of ENDS.entries()) {
      const at = until - (end === 'lapsed' ? LAPSED_MS - CASE_MS : (4 - i) * HOUR_MS)
      const again = movedTo(applied, at, until + 60 * DAY_MS, `case-${41 + i}`)
      tale.tellEnd(again, end)
    }
  }
  return tale.steps.toSorted((a, b) => a.at - b.at)
}

/** A contract as if it had been decided at another instant, for a term of its length but from another one on. */
function movedTo(contract: Contract, decided: Instant, from: Instant, id?: string): Contract {
  const { determination, terms: signed } = contract
  const by = from - signed.term.from
  const term = { from, until: (signed.term.until ?? from) + by }
  const moved = <T extends { readonly due: readonly Instant[] }>(rows: readonly T[]): T[] =>
    rows.map((row) => ({ ...row, due: row.due.map((instant) => instant + by) }))
  const duties = moved(signed.duties)
  return {
    ...contract,
    determination: {
      ...determination,
      case: id ?? determination.case,
      decided,
      term,
      duties: moved(determination.duties),
    },
    terms: { ...signed, term, duties },
  }
}
