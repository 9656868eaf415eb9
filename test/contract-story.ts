import * as z from 'zod'
import type { Act, Recorded } from '../src/act.ts'
import { assert } from '../src/assert.ts'
import { type Contract, type Terms, terms } from '../src/contract/contract.ts'
import type {
  ContractContext,
  ContractDecided,
  Determined,
} from '../src/contract/contract-asking.ts'
import {
  type ContractAct,
  type ContractCommand,
  contractCommand,
} from '../src/contract/contract-commands.ts'
import type { ContractEvent } from '../src/contract/contract-events.ts'
import type { ContractLife } from '../src/contract/contract-life.ts'
import { decideContract } from '../src/contract/decide-contract.ts'
import { foldContract } from '../src/contract/fold-contract.ts'
import { digestOf } from '../src/digest.ts'
import type { Role } from '../src/people.ts'
import { providerOf } from '../src/policy/provider.ts'
import { DAY_MS, type Instant, parseInstant } from '../src/time.ts'
import { actOf } from './act-of.ts'
import { sha256 } from './bundle-of.ts'
import { EXAMPLE } from './example-world.ts'

// The contract `osint-2026` of the example provider, told as acts.

/** Who does what in these tests, each in one role. */
export const PARTIES = {
  counsel: 'assessor',
  lawyer: 'approver.legal',
  signer: 'signatory',
  deputy: 'signatory',
  rep: 'customer-representative',
  clerk: 'customer-representative',
  officer: 'safeguards-officer',
  watch: 'safeguards-officer',
} as const satisfies Record<string, Role>

export type PartyName = keyof typeof PARTIES

export const PROVIDER = providerOf(EXAMPLE)
export const OSINT: Contract = exampleOf('osint-2026')
export const { from: BEGINS, until: ENDS = Number.NaN } = OSINT.terms.term

/** Eight days after the determination and two weeks before the term. */
export const DRAFTED_AT = momentOf('2026-01-18T00:00:00Z')

export function momentOf(text: string): Instant {
  const instant = parseInstant(text)
  assert(instant !== undefined, `${text} is no instant`)
  return instant
}

export function exampleOf(id: string): Contract {
  const contract = EXAMPLE.contracts.find((candidate) => candidate.id === id)
  assert(contract !== undefined, `no contract ${id} in the example`)
  return contract
}

export function determinedOf({ customer, determination, terms }: Contract): Determined {
  return {
    customer,
    determination,
    judged: terms,
    approvedBy: ['lawyer', 'guard', 'author'],
    renews: null,
    digest: digestOf(sha256(determination.case)),
    lapsesAt: determination.decided + 60 * DAY_MS,
  }
}

export const OSINT_CONTEXT: ContractContext = {
  provider: PROVIDER,
  sha256,
  customer: OSINT.customer,
  determined: determinedOf(OSINT),
  renewed: null,
}

/** The terms of `osint-2026` with some fields as a document writes them. */
export function termsWith(changes: Readonly<Record<string, unknown>> = {}): Terms {
  return terms.parse({ ...(z.encode(terms, OSINT.terms) as object), ...changes })
}

/** A command as it is sent. */
export function commandOf(
  written: { readonly act: ContractAct } & Readonly<Record<string, unknown>>,
): ContractCommand {
  return contractCommand.parse(written)
}

export function draftOf({ id, determination, terms }: Contract): ContractCommand {
  return { act: 'contract.draft', contract: id, case: determination.case, terms }
}

export const DRAFT = draftOf(OSINT)

/** A contract to which people do things, one after another. */
export class ContractStory {
  at: Instant
  life: ContractLife | undefined
  readonly events: Recorded<ContractEvent>[] = []
  readonly context: ContractContext
  #nonces = 0

  constructor(context: ContractContext = OSINT_CONTEXT, at: Instant = DRAFTED_AT) {
    this.context = context
    this.at = at
  }

  get known(): ContractLife {
    assert(this.life !== undefined, 'nothing has been drafted')
    return this.life
  }

  actOf(by: string, role: Role, more: Partial<Act> = {}): Act {
    const { digest, round } = this.life ?? { digest: digestOf('0'.repeat(64)), round: 0 }
    this.#nonces += 1
    return actOf(by, role, { at: this.at, digest, round, nonce: `nonce-${this.#nonces}`, ...more })
  }

  do(command: ContractCommand, act: Act, context: ContractContext = this.context): ContractDecided {
    const decided = decideContract(this.life, command, act, context)
    if (!decided.ok) return decided
    for (const event of decided.value) {
      this.events.push({ event, act })
      this.life = foldContract(this.life, { event, act })
    }
    return decided
  }

  /** Somebody does something, and it is carried out. */
  go(by: PartyName, command: ContractCommand): this {
    const done = this.do(command, this.actOf(by, PARTIES[by]))
    assert(done.ok, done.ok ? '' : `${command.act}: ${done.error.message}`)
    return this
  }

  /** The code with which something is refused; `done` when it is not. */
  try(by: PartyName, command: ContractCommand, more: Partial<Act> = {}): string {
    const done = this.do(command, this.actOf(by, PARTIES[by], more))
    return done.ok ? 'done' : done.error.code
  }

  after(days: number): this {
    this.at += days * DAY_MS
    return this
  }
}

export const SIGN_PROVIDER: ContractCommand = { act: 'contract.sign', side: 'provider' }
export const SIGN_CUSTOMER: ContractCommand = { act: 'contract.sign', side: 'customer' }

export function drafted(context?: ContractContext): ContractStory {
  return new ContractStory(context).go('counsel', DRAFT)
}

export function proposed(context?: ContractContext): ContractStory {
  return drafted(context).after(1).go('counsel', { act: 'contract.propose' })
}

export function signedByBoth(context?: ContractContext): ContractStory {
  return proposed(context).after(1).go('signer', SIGN_PROVIDER).go('rep', SIGN_CUSTOMER)
}

/** All that it takes to be in force from the first instant of the term. */
export function running(context?: ContractContext): ContractStory {
  const story = signedByBoth(context)
  const from = BEGINS
  const { digest } = story.known
  return story
    .go('counsel', {
      act: 'contract.record-authority',
      authority: 'assessment-act',
      status: 'in-force',
      from: story.at,
      'review-by': momentOf('2026-09-01T00:00:00Z'),
      source: 'The official journal',
    })
    .go('rep', { act: 'contract.enrol', deployment: 'desk-1', from, acknowledges: digest })
    .go('rep', {
      act: 'contract.attest',
      safeguard: 'analyst-review',
      from,
      until: from + 15 * DAY_MS,
    })
}

/** The same, three days into the term. */
export function inTerm(): ContractStory {
  const story = running()
  story.at = BEGINS + 3 * DAY_MS
  return story
}

export const WHY = 'A reason'
export const EVIDENCE = digestOf('e'.repeat(64))

/** When the report of the first month is due; its grace is seven days. */
export const REPORT_DUE = momentOf('2026-03-01T00:00:00Z')

/** Terms that end a month sooner. */
export const NARROWER = termsWith({
  term: { from: '2026-02-01T00:00:00Z', until: '2026-07-01T00:00:00Z' },
})

export function suspending(reasons: string): ContractCommand {
  return { act: 'contract.suspend', reasons }
}

/** Of what was decided first against the customer. */
export const APPEAL: ContractCommand = { act: 'contract.appeal', decision: 0, grounds: WHY }

export const OVERTURN: ContractCommand = {
  act: 'contract.decide-appeal',
  decision: 0,
  outcome: 'overturned',
  reasons: WHY,
}

export function meeting(due: Instant = REPORT_DUE): ContractCommand {
  return { act: 'contract.meet-duty', duty: 'first-month-report', due, evidence: EVIDENCE }
}

export const REINSTATE_DUTY: ContractCommand = {
  act: 'contract.reinstate-duty',
  duty: 'first-month-report',
  due: REPORT_DUE,
}

/** A status of the authority of `osint-2026`, from three days into its term. */
export function statusWith(more: Readonly<Record<string, unknown>>): ContractCommand {
  const from = '2026-02-04T00:00:00Z'
  const row = { authority: 'assessment-act', status: 'in-force', from, source: 'A journal' }
  return commandOf({ act: 'contract.record-authority', ...row, ...more })
}

export function attesting(from: Instant, until: Instant): ContractCommand {
  return { act: 'contract.attest', safeguard: 'analyst-review', from, until }
}

export function codeOf(done: ContractDecided): string {
  return done.ok ? 'done' : done.error.code
}

/** The contract before that of the example, which ends when that begins. */
export const BEFORE: Contract = {
  ...OSINT,
  id: 'osint-2025',
  register: { ...OSINT.register, states: [{ state: 'expired', from: BEGINS }] },
}

/** What a draft that renews a contract comes to; the determination renews it too. */
export function renewalWith(renews: string, renewed: Contract | null, more: object = {}): string {
  const determined = { ...determinedOf(OSINT), renews }
  return draftWith({ determined, renewed }, { renews, ...more })
}

/** What a draft comes to in another context, or of other terms. */
export function draftWith(context: Partial<ContractContext>, more: object = {}): string {
  const story = new ContractStory({ ...OSINT_CONTEXT, ...context })
  return story.try('counsel', { ...DRAFT, ...more } as ContractCommand)
}

export function withTerms(changes: Readonly<Record<string, unknown>>): { readonly terms: Terms } {
  return { terms: termsWith(changes) }
}

/** What an enrolment of the desk of `osint-2026` comes to. */
export function tryEnrol(
  story: ContractStory,
  from: Instant,
  acknowledges: string = story.known.digest,
): string {
  return story.try('rep', { act: 'contract.enrol', deployment: 'desk-1', from, acknowledges })
}
