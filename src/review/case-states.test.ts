import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Mark, type Story, storyTo } from '../../test/case-story.ts'
import { PEOPLE, type PersonName } from '../../test/case-world.ts'
import { DAY_MS } from '../time.ts'
import { stateAt } from './case.ts'
import { type CaseAct, caseCommand } from './case-commands.ts'
import { printCaseRefusals } from './case-refusals.ts'
import { actsIn, CASE_STATES, type CaseState, leadsTo, printCaseStates } from './case-states.ts'

const DOCS = join(import.meta.dirname, '../../docs')

test.each([
  ['semantics.md', 'states of a case', printCaseStates()],
  ['formats.md', 'refusals of a case', printCaseRefusals()],
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

/** How a story comes to each state; the last is nothing that an act does. */
const WAYS: Readonly<Record<CaseState, () => Story>> = {
  draft: () => storyTo('draft'),
  submitted: () => storyTo('submitted'),
  screened: () => storyTo('assessed'),
  determining: () => storyTo('approving'),
  determined: () => storyTo('determined'),
  returned: () => after('submitted', 'assessor', 'case.return'),
  concluded: () => after('determined', 'signer', 'case.conclude'),
  declined: () => after('submitted', 'assessor', 'case.decline'),
  withdrawn: () => after('submitted', 'rep', 'case.withdraw'),
  lapsed: () => {
    const story = storyTo('submitted')
    story.at += 90 * DAY_MS
    return story
  },
}

function after(mark: Mark, by: PersonName, act: CaseAct): Story {
  const story = storyTo(mark)
  return story.go(by, story.sound(act))
}

const STATES = Object.keys(CASE_STATES) as CaseState[]
const ACTS = caseCommand.options.map(({ shape }) => shape.act.value)

const OPENING: ReadonlySet<CaseAct> = new Set(['case.open', 'case.import'])

/** Who does an act in these tests. */
const DOERS: Readonly<Record<CaseAct, PersonName>> = {
  'case.open': 'rep',
  'case.import': 'administrator',
  'case.revise': 'rep',
  'case.submit': 'rep',
  'case.withdraw': 'rep',
  'case.screen': 'assessor',
  'case.find': 'assessor',
  'case.harms': 'assessor',
  'case.weigh-benefit': 'assessor',
  'case.draft-determination': 'assessor',
  'case.approve': 'safeguards',
  'case.declare-conflict': 'assessor',
  'case.return': 'legal',
  'case.decline': 'legal',
  'case.appeal': 'rep',
  'case.decide-appeal': 'policy',
  'case.conclude': 'signer',
}

test.each(STATES)('a story comes to %s', (state) => {
  const { state: reached, at } = WAYS[state]()
  expect(reached && stateAt(reached, at)).toBe(state)
})

describe.each(STATES)('of a case that is %s', (state) => {
  test.each(ACTS)('%s leads where the table says, or is refused', (act) => {
    const story = WAYS[state]()
    const by = DOERS[act]
    if (state === 'declined' && act === 'case.decide-appeal') {
      story.go('rep', story.sound('case.appeal'))
    }
    const done = story.do(story.sound(act, 'dialogue'), story.actOf(by, PEOPLE[by]))
    const to = leadsTo(state, act)
    if (to) {
      expect(done.ok ? '' : done.error).toBe('')
      expect(to).toContain(story.state?.state)
    } else expect(done).toMatchObject({ ok: false, error: { code: refusalIn(state, act) } })
  })

  test('a refusal says what it is open to', () => {
    const story = WAYS[state]()
    const act = ACTS.find((one) => !OPENING.has(one) && !leadsTo(state, one)) ?? 'case.approve'
    const refused = story.do(story.sound(act), story.actOf(DOERS[act], PEOPLE[DOERS[act]]))
    expect(refused.ok).toBe(false)
    for (const open of actsIn(state)) {
      expect(refused).toMatchObject({ error: { message: expect.stringContaining(open) } })
    }
  })
})

function refusalIn(state: CaseState, act: CaseAct): string {
  if (OPENING.has(act)) return 'case-exists'
  return state === 'lapsed' ? 'case-lapsed' : 'wrong-state'
}

test('nothing but opening is done to a case that there is not', () => {
  const story = storyTo('draft')
  const acts = ACTS.filter((act) => !OPENING.has(act))
  story.state = undefined
  const codes = acts.map((act) => story.try(DOERS[act], story.sound(act)))
  expect(new Set(codes)).toEqual(new Set(['case-unknown']))
})

describe('every state that the table leads to is reached', () => {
  const edges = STATES.flatMap((state) =>
    actsIn(state).flatMap((act) =>
      (leadsTo(state, act) ?? []).map((to) => [state, act, to] as const),
    ),
  )
  const branching = edges.filter(([state, act]) => (leadsTo(state, act)?.length ?? 0) > 1)

  /** Who declares a conflict, or approves, so that the case goes there; of those with several ways. */
  const BY: Readonly<Record<string, PersonName>> = {
    'determining case.approve determined': 'safeguards',
    'determining case.declare-conflict determining': 'policy',
    'determining case.declare-conflict screened': 'assessor',
    'determined case.declare-conflict determined': 'officer',
    'determined case.declare-conflict determining': 'legal',
    'determined case.declare-conflict screened': 'assessor',
  }

  test.each(branching)('%s, %s: %s', (state, act, to) => {
    const story = WAYS[state]()
    const edge = `${state} ${act} ${to}`
    if (edge === 'determining case.approve determining')
      return expect(story.state?.approvals).toHaveLength(2)
    const by = BY[edge] ?? 'rep'
    const declared = { act: 'case.declare-conflict', person: by, reason: 'A relative' } as const
    story.go(by, act === 'case.declare-conflict' ? declared : story.sound(act))
    expect(story.state?.state).toBe(to)
  })
})
