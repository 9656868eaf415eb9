import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  APPEAL,
  BEGINS,
  type ContractStory,
  DRAFT,
  drafted,
  ENDS,
  EVIDENCE,
  NARROWER,
  OVERTURN,
  PARTIES,
  type PartyName,
  proposed,
  REPORT_DUE,
  running,
  SIGN_CUSTOMER,
  SIGN_PROVIDER,
  signedByBoth,
  WHY,
} from '../../test/contract-story.ts'
import { DAY_MS } from '../time.ts'
import { type ContractAct, type ContractCommand, contractCommand } from './contract-commands.ts'
import { contractStateAt } from './contract-life.ts'
import { printContractRefusals } from './contract-refusals.ts'
import {
  CONTRACT_STATES,
  type ContractState,
  contractActsIn,
  contractLeadsTo,
  printContractStates,
} from './contract-states.ts'

const DOCS = join(import.meta.dirname, '../../docs')

test.each([
  ['semantics.md', 'states of a contract', printContractStates()],
  ['formats.md', 'refusals of a contract', printContractRefusals()],
])('docs/%s has the table of %s', (page, name, printed) => {
  const file = join(DOCS, page)
  const text = readFileSync(file, 'utf8')
  const [begin, end] = [`<!-- ${name}: begin, from the code -->\n`, `<!-- ${name}: end -->`]
  const [before = '', rest = ''] = text.split(begin)
  const [table = '', after = ''] = rest.split(end)
  if (process.env['PROVISO_GOLDEN'] === 'write') {
    writeFileSync(file, `${before}${begin}${printed}${end}${after}`)
  } else expect(table).toBe(printed)
})

/** The term has begun three days ago. */
const IN_TERM = BEGINS + 3 * DAY_MS

/** With a stop over all of it. */
function inTermStopped(): ContractStory {
  const story = running().go('watch', { act: 'contract.stop', scope: 'contract', reasons: WHY })
  story.at = IN_TERM
  return story
}

function suspended(): ContractStory {
  return inTermStopped().go('officer', { act: 'contract.suspend', reasons: WHY })
}

/** How a story comes to each state. */
const WAYS: Readonly<Record<ContractState, () => ContractStory>> = {
  draft: drafted,
  proposed: () => proposed().go('signer', SIGN_PROVIDER),
  approved: () => running().go('watch', { act: 'contract.stop', scope: 'contract', reasons: WHY }),
  in_force: inTermStopped,
  suspended,
  expired: () => {
    const story = inTermStopped()
    story.at = ENDS
    return story
  },
  terminated: () => inTermStopped().go('signer', { act: 'contract.terminate', reasons: WHY }),
  declined: () => proposed().go('signer', { act: 'contract.decline', reasons: WHY }),
  withdrawn: () => drafted().go('signer', { act: 'contract.withdraw', reasons: WHY }),
  lapsed: () => drafted().after(60),
}

const STATES = Object.keys(CONTRACT_STATES) as ContractState[]
const ACTS = contractCommand.options.map(({ shape }) => shape.act.value)

/** Who does an act in these tests, and a command of it that is sound in every state that is open to it. */
function soundly(story: ContractStory, act: ContractAct): [PartyName, ContractCommand] {
  const { at } = story
  const digest = story.life?.digest ?? EVIDENCE
  const due = REPORT_DUE
  const narrower = NARROWER
  const commands: { readonly [A in ContractAct]: [PartyName, ContractCommand & { act: A }] } = {
    'contract.draft': ['counsel', { ...DRAFT, act: 'contract.draft' } as never],
    'contract.revise': ['counsel', { act: 'contract.revise', terms: narrower }],
    'contract.propose': ['counsel', { act: 'contract.propose' }],
    'contract.decline': ['rep', { act: 'contract.decline', reasons: WHY }],
    'contract.withdraw': ['signer', { act: 'contract.withdraw', reasons: WHY }],
    'contract.sign': ['rep', { act: 'contract.sign', side: 'customer' }],
    'contract.enrol': [
      'rep',
      { act: 'contract.enrol', deployment: 'desk-1', from: at + DAY_MS, acknowledges: digest },
    ],
    'contract.unenrol': ['rep', { act: 'contract.unenrol', deployment: 'desk-1' }],
    'contract.attest': [
      'rep',
      { act: 'contract.attest', safeguard: 'analyst-review', from: at, until: at + DAY_MS },
    ],
    'contract.record-authority': [
      'counsel',
      {
        act: 'contract.record-authority',
        authority: 'assessment-act',
        status: 'lapsed',
        from: at,
        source: 'The official journal',
      },
    ],
    'contract.meet-duty': [
      'rep',
      { act: 'contract.meet-duty', duty: 'first-month-report', due, evidence: EVIDENCE },
    ],
    'contract.reinstate-duty': [
      'officer',
      { act: 'contract.reinstate-duty', duty: 'first-month-report', due },
    ],
    'contract.report-incident': [
      'rep',
      { act: 'contract.report-incident', happened: at, kind: 'wrong-name', summary: EVIDENCE },
    ],
    'contract.stop': ['officer', { act: 'contract.stop', scope: 'contract', reasons: WHY }],
    'contract.lift-stop': ['officer', { act: 'contract.lift-stop', stop: 0 }],
    'contract.suspend': ['watch', { act: 'contract.suspend', reasons: WHY }],
    'contract.reinstate': ['watch', { act: 'contract.reinstate', reasons: WHY }],
    'contract.terminate': ['signer', { act: 'contract.terminate', reasons: WHY }],
    'contract.amend': ['signer', { act: 'contract.amend', terms: narrower }],
    'contract.appeal': ['rep', APPEAL as ContractCommand & { act: 'contract.appeal' }],
    'contract.decide-appeal': [
      'lawyer',
      OVERTURN as ContractCommand & { act: 'contract.decide-appeal' },
    ],
  }
  return commands[act]
}

/** What has to have happened for a command to be sound, where the state alone does not say. */
function prepare(story: ContractStory, act: ContractAct): void {
  const { life } = story
  if (act === 'contract.enrol' && life && life.enrolments.length > 0) {
    story.life = { ...life, enrolments: [] }
  }
  if (act === 'contract.decide-appeal' && life && life.decisions.length > 0) {
    story.go('rep', APPEAL)
  }
  if (act !== 'contract.reinstate-duty' || !life || life.signatures.length < 2) return
  // Recorded as met after its grace, which in these states has not ended.
  const due = REPORT_DUE
  const met = {
    id: 'first-month-report',
    due,
    met: due + 8 * DAY_MS,
    evidence: EVIDENCE,
    by: 'rep',
  }
  story.life = { ...life, duties: [{ ...met, reinstated: null, reinstatedBy: null }] }
}

test.each(STATES)('a story comes to %s', (state) => {
  const { known, at } = WAYS[state]()
  expect(contractStateAt(known, at)).toBe(state)
})

describe.each(STATES)('of a contract that is %s', (state) => {
  test.each(ACTS)('%s leads where the table says, or is refused', (act) => {
    const story = WAYS[state]()
    prepare(story, act)
    const [by, command] = soundly(story, act)
    const done = story.do(command, story.actOf(by, PARTIES[by]))
    const to = contractLeadsTo(state, act)
    if (to) {
      expect(done.ok ? '' : done.error.message).toBe('')
      expect(to).toContain(contractStateAt(story.known, story.at))
    } else expect(done).toMatchObject({ ok: false, error: { code: refusalIn(state, act) } })
  })

  test('a refusal says what it is open to', () => {
    const story = WAYS[state]()
    const refused = ACTS.find((act) => act !== 'contract.draft' && !contractLeadsTo(state, act))
    const [by, command] = soundly(story, refused ?? 'contract.draft')
    const done = story.do(command, story.actOf(by, PARTIES[by]))
    expect(done.ok).toBe(false)
    for (const open of contractActsIn(state)) {
      expect(done).toMatchObject({ error: { message: expect.stringContaining(open) } })
    }
  })
})

function refusalIn(state: ContractState, act: ContractAct): string {
  if (act === 'contract.draft') return 'contract-exists'
  return state === 'lapsed' ? 'contract-lapsed' : 'wrong-state'
}

test('nothing but drafting is done to a contract that there is not', () => {
  const story = drafted()
  const acts = ACTS.filter((act) => act !== 'contract.draft')
  const codes = acts.map((act) => {
    const [by, command] = soundly(story, act)
    story.life = undefined
    return story.try(by, command)
  })
  expect(new Set(codes)).toEqual(new Set(['contract-unknown']))
})

describe('every state that the table leads to is reached', () => {
  /** The edges that the test of all acts in all states does not go. */
  const REACHED: Readonly<Record<string, () => ContractStory>> = {
    'proposed contract.sign proposed': () => proposed().go('rep', SIGN_CUSTOMER),
    'proposed contract.sign approved': signedByBoth,
    'proposed contract.sign in_force': () => {
      const story = proposed()
      story.at = BEGINS
      return story.go('rep', SIGN_CUSTOMER).go('signer', SIGN_PROVIDER)
    },
    'in_force contract.terminate in_force': () =>
      inTermStopped().go('signer', {
        act: 'contract.terminate',
        from: IN_TERM + DAY_MS,
        reasons: WHY,
      }),
    'in_force contract.terminate terminated': WAYS.terminated,
    'suspended contract.reinstate approved': () =>
      running()
        .go('officer', { act: 'contract.suspend', reasons: WHY })
        .go('watch', { act: 'contract.reinstate', reasons: WHY }),
    'suspended contract.reinstate in_force': () =>
      suspended().go('watch', { act: 'contract.reinstate', reasons: WHY }),
    'suspended contract.terminate suspended': () =>
      suspended().go('signer', { act: 'contract.terminate', from: IN_TERM + DAY_MS, reasons: WHY }),
    'suspended contract.terminate terminated': () =>
      suspended().go('signer', { act: 'contract.terminate', reasons: WHY }),
  }
  const edges = STATES.flatMap((state) =>
    contractActsIn(state).flatMap((act) =>
      (contractLeadsTo(state, act) ?? []).map((to) => [state, act, to] as const),
    ),
  )
  const branching = edges.filter(([state, act]) => (contractLeadsTo(state, act)?.length ?? 0) > 1)

  test.each(branching)('%s, %s: %s', (state, act, to) => {
    const story = REACHED[`${state} ${act} ${to}`]?.()
    expect(story && contractStateAt(story.known, story.at)).toBe(to)
  })
})

test.each([
  ['draft', 60 * DAY_MS - 8 * DAY_MS],
  ['proposed', 51 * DAY_MS],
])('a contract that is %s lapses when its determination does, and not before', (state, rest) => {
  const story = WAYS[state as ContractState]()
  expect(contractStateAt(story.known, story.at + rest - 1)).toBe(state)
  expect(contractStateAt(story.known, story.at + rest)).toBe('lapsed')
})

test('proposed terms lapse after sixty days without both signatures', () => {
  const { context } = drafted()
  const lapsesAt = BEGINS + 400 * DAY_MS
  const determined = context.determined && { ...context.determined, lapsesAt }
  const story = proposed({ ...context, determined }).go('signer', SIGN_PROVIDER)
  const { at } = story
  expect(contractStateAt(story.known, at + 60 * DAY_MS - 1)).toBe('proposed')
  expect(contractStateAt(story.known, at + 60 * DAY_MS)).toBe('lapsed')
})

test('what is wound down ends at its instant, and not at the end of its term', () => {
  const from = IN_TERM + 10 * DAY_MS
  const story = inTermStopped().go('signer', { act: 'contract.terminate', from, reasons: WHY })
  expect(contractStateAt(story.known, from - 1)).toBe('in_force')
  expect(contractStateAt(story.known, from)).toBe('terminated')
  expect(contractStateAt(story.known, ENDS)).toBe('terminated')
})
