import { expect, test } from 'vitest'
import { DAY_MS } from '../time.ts'
import { type Assertion, eligibleDuring, servesDuring } from './models.ts'

// Days of a month as instants; ASL-2 only, determined or ruled out higher.
const SAFETY = {
  safety: { scheme: 'rsp', levels: [2], bases: ['determined', 'ruled-out-higher'] },
} as const satisfies object

function on(day: number): number {
  return day * DAY_MS
}

function asserted(...rows: (Partial<Assertion> & { readonly from: number })[]): readonly number[] {
  const levels = rows.map(
    (row, i): Assertion => ({ id: `a${i}`, scheme: 'rsp', level: 2, basis: 'determined', ...row }),
  )
  const { safety } = SAFETY
  return eligibleDuring(
    { id: 'model', aliases: [], levels },
    { safety: { ...safety, levels: [...safety.levels], bases: [...safety.bases] } },
  )
}

test('a snapshot is eligible from an accepted level on', () => {
  expect(asserted({ from: on(3) })).toEqual([on(3), Infinity])
  expect(asserted()).toEqual([])
})

test('another level, another scheme or a basis that is not accepted makes nothing eligible', () => {
  expect(asserted({ from: on(3), level: 3 })).toEqual([])
  expect(asserted({ from: on(3), level: 1 })).toEqual([])
  expect(asserted({ from: on(3), scheme: 'other' })).toEqual([])
  expect(asserted({ from: on(3), basis: 'precautionary' })).toEqual([])
  expect(asserted({ from: on(3), basis: 'unstated' })).toEqual([])
})

test('the highest level that counts decides, and every basis that counts must be accepted', () => {
  expect(asserted({ from: on(1) }, { from: on(5), level: 3 })).toEqual([on(1), on(5)])
  expect(asserted({ from: on(1) }, { from: on(5), level: 1 })).toEqual([on(1), Infinity])
  expect(asserted({ from: on(1) }, { from: on(5), level: 1, basis: 'unstated' })).toEqual([
    on(1),
    on(5),
  ])
  expect(asserted({ from: on(1) }, { from: on(5), scheme: 'other', level: 4 })).toEqual([
    on(1),
    Infinity,
  ])
})

test('a rescinded assertion stops counting when the one that rescinds it starts', () => {
  const raised = { from: on(5), level: 3, id: 'raised' }
  expect(asserted({ from: on(1) }, raised, { from: on(8), rescinds: 'raised' })).toEqual([
    on(1),
    on(5),
    on(8),
    Infinity,
  ])
  expect(asserted({ from: on(1), id: 'first' }, { ...raised, rescinds: 'first' })).toEqual([
    on(1),
    on(5),
  ])
})

test('a snapshot serves from the determination until it is first not eligible, and never again', () => {
  const eligible = [on(1), on(5), on(8), Infinity]
  expect(servesDuring(eligible, on(2))).toEqual([on(2), on(5)])
  expect(servesDuring(eligible, on(1))).toEqual([on(1), on(5)])
  expect(servesDuring(eligible, on(8))).toEqual([on(8), Infinity])
  expect(servesDuring(eligible, on(0))).toEqual([])
  expect(servesDuring(eligible, on(5))).toEqual([])
  expect(servesDuring(eligible, on(7))).toEqual([])
})
