import { createHash } from 'node:crypto'
import type { Act } from '../src/act.ts'
import { assert } from '../src/assert.ts'
import type { Contract } from '../src/contract/contract.ts'
import type { Role } from '../src/people.ts'
import { providerOf } from '../src/policy/provider.ts'
import { type Application, application, askedBy } from '../src/review/application.ts'
import type { CaseContext, Decided } from '../src/review/asking.ts'
import { type Case, foldCase } from '../src/review/case.ts'
import { type CaseCommand, caseCommand } from '../src/review/case-commands.ts'
import type { CaseEvent } from '../src/review/case-events.ts'
import type { CaseRefusal } from '../src/review/case-refusals.ts'
import { questionsOf } from '../src/review/considerations.ts'
import { decideCase } from '../src/review/decide-case.ts'
import { determinationDigest } from '../src/review/determination.ts'
import { DAY_MS, type Instant, parseInstant, printInstantShort } from '../src/time.ts'
import { EXAMPLE } from './example-world.ts'

// A case of the example provider: the Ministry of Assessment asks for what its contract `osint-2026` allows.

export const PROVIDER = providerOf(EXAMPLE)

export const CUSTOMER = 'ministry-of-assessment'

/** The opening of the case, thirty days before its term begins. */
export const OPENED = instantOf('2026-01-02T00:00:00Z')

export function instantOf(text: string): Instant {
  const instant = parseInstant(text)
  assert(instant !== undefined, `${text} is no instant`)
  return instant
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export const CONTEXT: CaseContext = { provider: PROVIDER, sha256, customer: null, renewed: null }

export function exampleContract(id: string): Contract {
  const contract = EXAMPLE.contracts.find((candidate) => candidate.id === id)
  assert(contract !== undefined, `no contract ${id} in the example`)
  return contract
}

/** What the Ministry applies for, as JSON; `changes` replace fields. */
export function applicationOf(changes: Readonly<Record<string, unknown>> = {}): Application {
  const { mission, term, deployments, duties, tailorings } =
    exampleContract('osint-2026').determination
  const asOf = '2026-01-01T00:00:00Z'
  const written = {
    customer: CUSTOMER,
    party: 'public-body',
    jurisdiction: 'Freedonia',
    mission,
    term: { from: printInstantShort(term.from), until: printInstantShort(term.until ?? 0) },
    authorities: [
      {
        id: 'assessment-act',
        citation: { scheme: 'eli', id: '/eli/fx/act/2019/14', 'as-of': asOf },
        title: 'National Assessment Act 2019, part 3',
        holder: CUSTOMER,
        purposes: ['foreign-assessment'],
        status: {
          status: 'in-force',
          from: asOf,
          'review-by': '2026-09-01T00:00:00Z',
          source: 'Official gazette',
        },
      },
    ],
    tailorings: tailorings.map(({ term: _, ...tailoring }) => tailoring),
    deployments,
    access: [
      {
        id: 'a',
        deployment: 'desk-1',
        caller: 'unit-a',
        kind: 'staff',
        through: 'Closed network',
      },
      {
        id: 'b',
        deployment: 'desk-1',
        caller: 'unit-b',
        kind: 'contractor',
        through: 'Closed network',
      },
    ],
    duties: duties.map((duty) => ({
      ...duty,
      due: duty.due.map(printInstantShort),
      grace: 'P14D',
    })),
    safeguards: [
      { id: 'analyst-review', title: 'An analyst reads every result', mitigates: ['privacy'] },
    ],
    oversight: [
      {
        id: 'committee',
        kind: 'body',
        title: 'Committee of parliament',
        citation: { scheme: 'prose', id: 'Standing orders, rule 12', 'as-of': asOf },
        'review-by': '2026-12-31T00:00:00Z',
      },
    ],
    suspension: 'unilateral',
    ...changes,
  }
  return application.parse(written)
}

export const EVIDENCE = [
  {
    digest: `sha256:${'0'.repeat(64)}`,
    'media-type': 'application/pdf',
    size: 10,
    title: 'A report',
  },
]

/** Who acts in the tests. The roles are those in which they usually act. */
export const PEOPLE = {
  rep: 'customer-representative',
  assessor: 'assessor',
  assessor2: 'assessor',
  policy: 'approver.policy',
  legal: 'approver.legal',
  safeguards: 'approver.safeguards',
  signer: 'signatory',
  officer: 'safeguards-officer',
} as const satisfies Record<string, Role>

export type PersonName = keyof typeof PEOPLE

/** Commands that are sound for a case as it stands, by the name of the act. */
export function soundCommand(act: CaseCommand['act'], at: Instant, question = ''): CaseCommand {
  const reasons = { reasons: 'For these reasons' }
  const finding = {
    finding: 'adequate',
    rationale: `Looked at closely: ${question}`,
    evidence: EVIDENCE,
    'valid-until': printInstantShort(at + 60 * DAY_MS),
  }
  const fields: Readonly<Record<CaseCommand['act'], object>> = {
    'case.open': { case: 'case-17', application: written(applicationOf()) },
    'case.revise': { application: written(applicationOf()) },
    'case.submit': {},
    'case.screen': { rationale: 'A ministry with a mission', evidence: EVIDENCE },
    'case.find': { question, ...finding },
    'case.harms': {
      rows: [
        {
          restriction: 'surveillance.persons',
          harm: 'privacy',
          'mitigated-by': ['analyst-review', 'log-content', 'dialogue', 'subjects'],
          residual: 'A name is read by one analyst',
        },
      ],
    },
    'case.weigh-benefit': finding,
    'case.draft-determination': { determination: draftOf() },
    'case.approve': {},
    'case.declare-conflict': { person: 'assessor', reason: 'A relative works there' },
    'case.return': reasons,
    'case.decline': reasons,
    'case.withdraw': reasons,
    'case.conclude': { contract: 'osint-2026', terms: `sha256:${'1'.repeat(64)}` },
  }
  return caseCommand.parse({ act, ...fields[act] })
}

function written(value: Application): unknown {
  return application.encode(value)
}

/** A determination of all that the application asks for, as JSON; `changes` replace fields. */
export function draftOf(changes: object = {}, asked: Application = applicationOf()): unknown {
  const { safeguards: _, ...rest } = askedBy(asked)
  const encoded = application.encode(asked)
  const fields = Object.keys(rest) as (keyof typeof rest)[]
  return { ...Object.fromEntries(fields.map((field) => [field, encoded[field]])), ...changes }
}

/** A case, and all that has happened to it. */
export class Story {
  state: Case | undefined
  readonly events: { readonly event: CaseEvent; readonly act: Act }[] = []
  at: Instant = OPENED
  readonly context: CaseContext
  private nonces = 0

  constructor(context: CaseContext = CONTEXT) {
    this.context = context
  }

  /** The act that signs a command now, of what is shown now. */
  actOf(by: string, role: Role, changes: Partial<Act> = {}): Act {
    return {
      by,
      role,
      at: this.at,
      round: this.state?.round ?? 0,
      digest: this.state ? determinationDigest(this.state, sha256) : `sha256:${'0'.repeat(64)}`,
      nonce: `n${++this.nonces}`,
      proof: { kind: 'ed25519', key: 'k', signature: 's' },
      ...changes,
    }
  }

  /** Decides a command and, when it is carried out, folds what comes of it. */
  do(command: CaseCommand, act: Act): Decided {
    const customer = act.role === 'customer-representative' ? CUSTOMER : null
    const decided = decideCase(this.state, command, act, { customer, ...contextOf(this.context) })
    if (!decided.ok) return decided
    for (const event of decided.value) {
      this.events.push({ event, act })
      this.state = foldCase(this.state, { event, act })
    }
    return decided
  }

  /** A person acts in their usual role; the code of the refusal, or what happened. */
  try(by: PersonName, command: CaseCommand, changes: Partial<Act> = {}): CaseRefusal | string[] {
    const decided = this.do(command, this.actOf(by, PEOPLE[by], changes))
    return decided.ok ? decided.value.map(({ type }) => type) : decided.error.code
  }

  /** As `try`, of what has to be carried out. */
  go(by: PersonName, command: CaseCommand): this {
    const decided = this.do(command, this.actOf(by, PEOPLE[by]))
    assert(decided.ok, `${command.act}: ${decided.ok ? '' : JSON.stringify(decided.error)}`)
    return this
  }

  sound(act: CaseCommand['act'], question = ''): CaseCommand {
    return soundCommand(act, this.at, question)
  }
}

function contextOf({
  provider,
  sha256: hash,
  renewed,
}: CaseContext): Omit<CaseContext, 'customer'> {
  return { provider, sha256: hash, renewed }
}

/** The way to a determination: each mark is where the story may stop. */
const MARKS = ['draft', 'submitted', 'screened', 'assessed', 'determining', 'determined'] as const
export type Mark = (typeof MARKS)[number] | 'approving'

/** A story told up to a mark; `approving` has two of three approvals. */
export function storyTo(mark: Mark, context: CaseContext = CONTEXT, asked?: Application): Story {
  const story = new Story(context)
  const opening = soundCommand('case.open', story.at) as Extract<CaseCommand, { act: 'case.open' }>
  story.go('rep', { ...opening, application: asked ?? opening.application })
  if (mark === 'draft') return story
  story.go('rep', story.sound('case.submit'))
  if (mark === 'submitted') return story
  story.go('assessor', story.sound('case.screen'))
  if (mark === 'screened') return story
  for (const question of questionsOf(PROVIDER))
    story.go('assessor', story.sound('case.find', question))
  story.go('assessor', story.sound('case.harms')).go('assessor', story.sound('case.weigh-benefit'))
  if (mark === 'assessed') return story
  const determination = draftOf({}, asked ?? applicationOf())
  story.go('assessor', caseCommand.parse({ act: 'case.draft-determination', determination }))
  if (mark === 'determining') return story
  const approval = story.sound('case.approve')
  story.go('policy', approval).go('legal', approval)
  return mark === 'approving' ? story : story.go('safeguards', approval)
}
