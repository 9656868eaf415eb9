import { createHash } from 'node:crypto'
import { assert } from '../src/assert.ts'
import type { Contract } from '../src/contract/contract.ts'
import type { Role } from '../src/people.ts'
import { providerOf } from '../src/policy/provider.ts'
import { type Application, application, askedBy } from '../src/review/application.ts'
import type { CaseContext } from '../src/review/asking.ts'
import { type CaseCommand, caseCommand } from '../src/review/case-commands.ts'
import { DAY_MS, type Instant, parseInstant, printInstantShort } from '../src/time.ts'
import { EXAMPLE } from './example-world.ts'

// A case of the example provider: the Ministry of Assessment asks for what was determined of its contract `osint-2026`.

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

/** A file that all findings name. */
export const EVIDENCE_TEXT = 'A report.\n'

export const EVIDENCE = [
  {
    digest: `sha256:${sha256(EVIDENCE_TEXT)}`,
    'media-type': 'text/plain',
    size: EVIDENCE_TEXT.length,
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
  administrator: 'operator',
} as const satisfies Record<string, Role>

export type PersonName = keyof typeof PEOPLE

/** Commands that are sound for a case as it stands, by the name of the act. */
export function soundCommand(
  act: CaseCommand['act'],
  at: Instant,
  question = 'dialogue',
): CaseCommand {
  const reasons = { reasons: 'For these reasons' }
  const finding = {
    finding: 'adequate',
    rationale: `On ${question}, looked at ${printInstantShort(at)}`,
    evidence: EVIDENCE,
    'valid-until': printInstantShort(at + 60 * DAY_MS),
  }
  const fields: Readonly<Record<CaseCommand['act'], object>> = {
    'case.open': { case: 'case-17', application: written(applicationOf()) },
    'case.import': {
      case: 'case-17',
      customer: CUSTOMER,
      legacy: { restriction: 'No tracking of persons', 'granted-by': 'By e-mail' },
    },
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
    'case.appeal': { grounds: 'The safeguard was not looked at' },
    'case.decide-appeal': { outcome: 'overturned', ...reasons },
    'case.conclude': { contract: 'osint-2026', terms: `sha256:${'1'.repeat(64)}` },
  }
  return caseCommand.parse({ act, ...fields[act] })
}

function written(value: Application): unknown {
  return application.encode(value)
}

/** A determination of all that the application asks for, as JSON; `changes` replace fields. */
function draftOf(changes: object = {}, asked: Application = applicationOf()): unknown {
  const { safeguards: _, ...rest } = askedBy(asked)
  const encoded = application.encode(asked)
  const fields = Object.keys(rest) as (keyof typeof rest)[]
  return { ...Object.fromEntries(fields.map((field) => [field, encoded[field]])), ...changes }
}

/** Drafts a determination of all that an application asks for; `changes` replace fields. */
export function drafting(changes: object = {}, asked?: Application): CaseCommand {
  const determination = draftOf(changes, asked)
  return caseCommand.parse({ act: 'case.draft-determination', determination })
}

/** An application that renews `osint-2026`, whose term ends on 31 July. */
export function renewingApplication(): Application {
  const due = ['2026-10-29T00:00:00Z']
  return applicationOf({
    renews: 'osint-2026',
    term: { from: '2026-07-31T00:00:00Z', until: '2027-01-20T00:00:00Z' },
    duties: [{ id: 'dialogue', kind: 'dialogue', due, grace: 'P14D' }],
  })
}

/** An application for a term that begins after the findings of its story have ended. */
export function inApril(): Application {
  const due = ['2026-06-15T00:00:00Z']
  return applicationOf({
    term: { from: '2026-04-01T00:00:00Z', until: '2026-07-31T00:00:00Z' },
    duties: [{ id: 'dialogue', kind: 'dialogue', due, grace: 'P14D' }],
  })
}
