import { expect, test } from 'vitest'
import * as z from 'zod'
import { storyTo } from '../../test/case-story.ts'
import { EVIDENCE, inTerm, meeting, REINSTATE_DUTY, REPORT_DUE } from '../../test/contract-story.ts'
import { terms } from '../contract/contract.ts'
import { duration, instant } from '../shape.ts'
import { DAY_MS } from '../time.ts'
import { KINDS } from './register-kinds.ts'
import { shown } from './register-view.ts'

/** Names of the members, anywhere in a shape, that are of another. */
function membersOf(shape: z.ZodType, wanted: z.ZodType, name = ''): readonly string[] {
  if (shape === wanted) return [name]
  if (
    shape instanceof z.ZodOptional ||
    shape instanceof z.ZodDefault ||
    shape instanceof z.ZodNullable
  ) {
    return membersOf(shape.unwrap() as z.ZodType, wanted, name)
  }
  if (shape instanceof z.ZodArray) return membersOf(shape.element as z.ZodType, wanted, name)
  if (shape instanceof z.ZodRecord) return membersOf(shape.valueType as z.ZodType, wanted, name)
  if (shape instanceof z.ZodUnion) {
    return (shape.options as z.ZodType[]).flatMap((option) => membersOf(option, wanted, name))
  }
  if (!(shape instanceof z.ZodObject)) return []
  return Object.entries(shape.shape).flatMap(([key, below]) => {
    return membersOf(below as z.ZodType, wanted, key)
  })
}

test('every instant and duration that a command may have is shown as a text', () => {
  const shapes = Object.values(KINDS).map(({ command }) => command as z.ZodType)
  const instants = new Set(shapes.flatMap((shape) => membersOf(shape, instant)))
  expect([...instants]).toEqual(expect.arrayContaining(['as-of', 'happened', 'valid-until']))
  for (const name of instants) {
    expect(shown({ [name]: 0 }), name).toEqual({ [name]: '1970-01-01T00:00:00.000Z' })
  }
  const durations = new Set(membersOf(terms, duration))
  expect(durations.size).toBeGreaterThan(0)
  for (const name of durations) expect(shown({ [name]: 0 }), name).toEqual({ [name]: 'P0D' })
})

/** Milliseconds of an instant of our days: no count comes near. */
const SURELY_INSTANT = Date.UTC(2020, 0, 1)

/** Places of instants that were left as numbers. */
function bare(value: unknown, place = ''): readonly string[] {
  if (typeof value === 'number') return value >= SURELY_INSTANT ? [place] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => bare(one, `${place}.${key}`))
}

test('nothing that has happened to a case or a contract is shown with an instant as a number', () => {
  const determined = storyTo('determined').go('rep', {
    act: 'case.declare-conflict',
    person: 'rep',
    reason: 'A cousin',
  })
  const contract = inTerm()
  const happened = contract.at
  contract
    .go('officer', { act: 'contract.report-incident', happened, kind: 'a', summary: EVIDENCE })
    .go('rep', { act: 'contract.stop', scope: 'contract', reasons: 'A report' })
    .go('officer', { act: 'contract.lift-stop', stop: 0 })
  contract.at = REPORT_DUE + 8 * DAY_MS
  contract
    .go('rep', meeting())
    .go('officer', REINSTATE_DUTY)
    .go('rep', { act: 'contract.unenrol', deployment: 'desk-1' })
    .go('officer', { act: 'contract.suspend', reasons: 'Misuse' })
    .go('signer', { act: 'contract.terminate', reasons: 'Misuse', from: contract.at + DAY_MS })
  for (const { state, events } of [
    { state: determined.state, events: determined.events },
    { state: contract.life, events: contract.events },
  ]) {
    expect(bare(state).length).toBeGreaterThan(10)
    expect(bare(shown(state))).toEqual([])
    expect(bare(shown(events))).toEqual([])
  }
})
