import { DAY_MS, type Duration } from '../time.ts'
import type { CaseAct } from './case-commands.ts'

interface Clock {
  readonly after: Duration
  readonly since: 'the last act' | 'it was determined'
}

/** How long a case waits for the next act before it lapses. */
const IDLE: Clock = { after: 90 * DAY_MS, since: 'the last act' }

/** How long a determination waits to be signed. What is done to it in the meantime does not lengthen that. */
const UNSIGNED: Clock = { after: 60 * DAY_MS, since: 'it was determined' }

interface StateRow {
  /** The acts that a case in this state is open to, and the states that each may lead to. */
  readonly acts: Partial<Record<CaseAct, readonly string[]>>
  /** When it lapses; null: never. */
  readonly lapses: Clock | null
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
    lapses: IDLE,
  },
  submitted: {
    acts: {
      'case.screen': ['screened'],
      'case.return': ['returned'],
      'case.decline': ['declined'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['submitted'],
    },
    lapses: IDLE,
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
    lapses: IDLE,
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
    lapses: IDLE,
  },
  determined: {
    acts: {
      'case.conclude': ['concluded'],
      'case.decline': ['declined'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['determined', 'determining', 'screened'],
    },
    lapses: UNSIGNED,
  },
  returned: {
    acts: {
      'case.revise': ['returned'],
      'case.submit': ['submitted'],
      'case.withdraw': ['withdrawn'],
      'case.declare-conflict': ['returned'],
    },
    lapses: IDLE,
  },
  concluded: { acts: {}, lapses: null },
  declined: {
    acts: { 'case.appeal': ['declined'], 'case.decide-appeal': ['declined'] },
    lapses: null,
  },
  withdrawn: { acts: {}, lapses: null },
  lapsed: { acts: {}, lapses: null },
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

const OPENING = ['| | `case.open` | draft |', '| | `case.import` | draft |']

function rowsOf(state: string, { acts, lapses }: StateRow): string[] {
  const after = Object.entries(acts).map(([act, to]) => `| \`${act}\` | ${to.join(', ')} |`)
  if (lapses) after.push(`| ${lapses.after / DAY_MS} days since ${lapses.since} | lapsed |`)
  if (after.length === 0) after.push('| none | |')
  return after.map((row, i) => `|${i === 0 ? ` ${state}` : ''} ${row}`)
}
