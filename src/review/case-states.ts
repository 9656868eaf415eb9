import { DAY_MS, type Duration } from '../time.ts'
import type { CaseAct } from './case-commands.ts'

/** How long a case waits for the next act before it lapses. */
export const IDLE_MAX: Duration = 90 * DAY_MS

/** How long a determination waits to be signed before it lapses. */
export const UNSIGNED_MAX: Duration = 60 * DAY_MS

interface StateRow {
  /** The acts that a case in this state is open to, and the states that each may lead to. */
  readonly acts: Partial<Record<CaseAct, readonly string[]>>
  /** Without an act, it lapses after so long; null: never. */
  readonly lapsesAfter: Duration | null
}

/** Every state a case can be in (semantics §12). What is not in a row is refused. */
export const CASE_STATES = {
  draft: {
    acts: {
      'case.revise': ['draft'],
      'case.submit': ['submitted'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['draft'],
    },
    lapsesAfter: IDLE_MAX,
  },
  submitted: {
    acts: {
      'case.screen': ['screened'],
      'case.return': ['returned'],
      'case.decline': ['declined'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['submitted'],
    },
    lapsesAfter: IDLE_MAX,
  },
  screened: {
    acts: {
      'case.screen': ['screened'],
      'case.find': ['screened'],
      'case.harms': ['screened'],
      'case.weigh-benefit': ['screened'],
      'case.draft-determination': ['determining'],
      'case.return': ['returned'],
      'case.decline': ['declined'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['screened'],
    },
    lapsesAfter: IDLE_MAX,
  },
  determining: {
    acts: {
      'case.screen': ['determining'],
      'case.find': ['determining'],
      'case.harms': ['determining'],
      'case.weigh-benefit': ['determining'],
      'case.draft-determination': ['determining'],
      'case.approve': ['determining', 'determined'],
      'case.return': ['returned'],
      'case.decline': ['declined'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['determining', 'screened'],
    },
    lapsesAfter: IDLE_MAX,
  },
  determined: {
    acts: {
      'case.conclude': ['concluded'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['determined', 'determining', 'screened'],
    },
    lapsesAfter: UNSIGNED_MAX,
  },
  returned: {
    acts: {
      'case.revise': ['returned'],
      'case.submit': ['submitted'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['returned'],
    },
    lapsesAfter: IDLE_MAX,
  },
  concluded: { acts: {}, lapsesAfter: null },
  declined: { acts: {}, lapsesAfter: null },
  withdrawn: { acts: {}, lapsesAfter: null },
  lapsed: { acts: {}, lapsesAfter: null },
} as const satisfies Record<string, StateRow>

export type CaseState = keyof typeof CASE_STATES

/** The states that an act may lead to from a state; undefined when it is refused there. */
export function leadsTo(state: CaseState, act: CaseAct): readonly CaseState[] | undefined {
  const acts: StateRow['acts'] = CASE_STATES[state].acts
  return acts[act] as readonly CaseState[] | undefined
}

/** The acts that a case in a state is open to. */
export function actsIn(state: CaseState): readonly CaseAct[] {
  return Object.keys(CASE_STATES[state].acts) as CaseAct[]
}

/** The table in Markdown, for docs/semantics.md §12. */
export function printCaseStates(): string {
  const rows = Object.entries(CASE_STATES).flatMap(([state, row]) => rowsOf(state, row))
  return ['| state | act | leads to |', '|---|---|---|', ...OPENING, ...rows, ''].join('\n')
}

const OPENING = ['| | `case.open` | draft |']

function rowsOf(state: string, { acts, lapsesAfter }: StateRow): string[] {
  const after = Object.entries(acts).map(([act, to]) => `| \`${act}\` | ${to.join(', ')} |`)
  if (lapsesAfter !== null) after.push(`| no act for ${lapsesAfter / DAY_MS} days | lapsed |`)
  if (after.length === 0) after.push('| none | |')
  return after.map((row, i) => `| ${i === 0 ? state : ''} ${row}`)
}
