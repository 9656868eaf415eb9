import { DAY_MS, type Duration } from '../time.ts'
import type { Register } from './contract.ts'
import type { ContractAct } from './contract-commands.ts'

/** How long proposed terms wait for both signatures before they lapse (docs/semantics.md §12). */
export const UNSIGNED_TERMS_MAX: Duration = 60 * DAY_MS

export type ContractState = Register['states'][number]['state']

interface StateRow {
  /** The acts that a contract in this state is open to, and the states that each may lead to. */
  readonly acts: Partial<Record<ContractAct, readonly ContractState[]>>
  /** What happens without an act, when, and where it leads. */
  readonly clock: readonly (readonly [when: string, to: ContractState])[]
}

/** What is recorded of a contract from both signatures to its end. It stays in its state. */
function recordedIn<S extends ContractState>(state: S): Partial<Record<ContractAct, readonly [S]>> {
  return {
    'contract.unenrol': [state],
    'contract.attest': [state],
    'contract.record-authority': [state],
    'contract.meet-duty': [state],
    'contract.reinstate-duty': [state],
    'contract.report-incident': [state],
    'contract.stop': [state],
    'contract.lift-stop': [state],
    'contract.amend': [state],
  }
}

/** Appeals against what was decided, which go on after the end. */
function appealedIn<S extends ContractState>(state: S): Partial<Record<ContractAct, readonly [S]>> {
  return { 'contract.appeal': [state], 'contract.decide-appeal': [state] }
}

const UNSIGNED = `${UNSIGNED_TERMS_MAX / DAY_MS} days without both signatures`
const STALE = 'the determination lapses'
const ENDS = 'the term ends'
const WOUND_DOWN = 'the instant of its termination'

/** Every state a contract can be in (semantics §12). What is not in a row is refused. */
export const CONTRACT_STATES = {
  draft: {
    acts: {
      'contract.revise': ['draft'],
      'contract.propose': ['proposed'],
      'contract.withdraw': ['withdrawn'],
    },
    clock: [[STALE, 'lapsed']],
  },
  proposed: {
    acts: {
      'contract.revise': ['draft'],
      'contract.sign': ['proposed', 'approved', 'in_force'],
      'contract.decline': ['declined'],
      'contract.withdraw': ['withdrawn'],
    },
    clock: [
      [UNSIGNED, 'lapsed'],
      [STALE, 'lapsed'],
    ],
  },
  approved: {
    acts: {
      'contract.enrol': ['approved'],
      ...recordedIn('approved'),
      ...appealedIn('approved'),
      'contract.suspend': ['suspended'],
      'contract.withdraw': ['withdrawn'],
    },
    clock: [['the term begins', 'in_force']],
  },
  in_force: {
    acts: {
      'contract.enrol': ['in_force'],
      ...recordedIn('in_force'),
      ...appealedIn('in_force'),
      'contract.suspend': ['suspended'],
      'contract.terminate': ['in_force', 'terminated'],
    },
    clock: [
      [ENDS, 'expired'],
      [WOUND_DOWN, 'terminated'],
    ],
  },
  suspended: {
    acts: {
      ...recordedIn('suspended'),
      ...appealedIn('suspended'),
      'contract.suspend': ['suspended'],
      'contract.reinstate': ['approved', 'in_force'],
      'contract.terminate': ['suspended', 'terminated'],
    },
    clock: [
      [ENDS, 'expired'],
      [WOUND_DOWN, 'terminated'],
    ],
  },
  expired: {
    acts: {
      'contract.meet-duty': ['expired'],
      'contract.report-incident': ['expired'],
      ...appealedIn('expired'),
    },
    clock: [],
  },
  terminated: {
    acts: {
      'contract.meet-duty': ['terminated'],
      'contract.report-incident': ['terminated'],
      ...appealedIn('terminated'),
    },
    clock: [],
  },
  declined: { acts: appealedIn('declined'), clock: [] },
  lapsed: { acts: {}, clock: [] },
  withdrawn: { acts: appealedIn('withdrawn'), clock: [] },
} as const satisfies Record<ContractState, StateRow>

/** The states that an act may lead to from a state; undefined when it is refused there. */
export function contractLeadsTo(
  state: ContractState,
  act: ContractAct,
): readonly ContractState[] | undefined {
  const acts: StateRow['acts'] = CONTRACT_STATES[state].acts
  return acts[act]
}

/** The acts that a contract in a state is open to. */
export function contractActsIn(state: ContractState): readonly ContractAct[] {
  return Object.keys(CONTRACT_STATES[state].acts) as ContractAct[]
}

/** The table in Markdown, for docs/semantics.md §12. */
export function printContractStates(): string {
  const rows = Object.entries<StateRow>(CONTRACT_STATES).flatMap(([state, row]) =>
    rowsOf(state, row),
  )
  return ['| state | act | leads to |', '|---|---|---|', OPENING, ...rows, ''].join('\n')
}

const OPENING = '| | `contract.draft` | draft |'

function rowsOf(state: string, { acts, clock }: StateRow): string[] {
  const byActs = Object.entries(acts).map(([act, to]) => `| \`${act}\` | ${to.join(', ')} |`)
  const byClock = clock.map(([when, to]) => `| ${when} | ${to} |`)
  const after = [...byActs, ...byClock]
  if (after.length === 0) after.push('| none | |')
  return after.map((row, i) => `|${i === 0 ? ` ${state}` : ''} ${row}`)
}
