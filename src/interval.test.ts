import fc from 'fast-check'
import { expect, test } from 'vitest'
import { complement, contains, intersect, latest, reigns, type Spans, unite } from './interval.ts'

/** Spans with small integer edges, some of them open. */
const anySpans: fc.Arbitrary<Spans> = fc
  .uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 8 })
  .chain((edges) => fc.tuple(fc.constant(edges.sort((a, b) => a - b)), fc.boolean()))
  .map(([edges, isOpen]) => {
    if (edges.length % 2 === 0) return edges
    return isOpen ? [...edges, Infinity] : edges.slice(1)
  })

const INSTANTS = Array.from({ length: 16 }, (_, i) => i - 1)

test('set operations agree with membership at every instant', () => {
  fc.assert(
    fc.property(anySpans, anySpans, (a, b) => {
      const both = intersect(a, b)
      const either = unite([b, a])
      const outside = complement(a)
      for (const t of INSTANTS) {
        expect(contains(both, t)).toBe(contains(a, t) && contains(b, t))
        expect(contains(either, t)).toBe(contains(a, t) || contains(b, t))
        expect(contains(outside, t)).toBe(!contains(a, t))
      }
    }),
  )
})

test('results are disjoint, ascending and not empty', () => {
  fc.assert(
    fc.property(anySpans, anySpans, (a, b) => {
      for (const spans of [intersect(a, b), unite([a, b]), complement(a)]) {
        expect(spans.length % 2).toBe(0)
        for (let i = 1; i < spans.length; i++) {
          expect(spans[i]).toBeGreaterThan(spans[i - 1] as number)
        }
      }
    }),
  )
})

test('intervals that touch are one', () => {
  expect(
    unite([
      [1, 2],
      [2, 3],
    ]),
  ).toEqual([1, 3])
  expect(
    unite([
      [1, 2],
      [3, 4],
    ]),
  ).toEqual([1, 2, 3, 4])
})

test('of two rows at one instant the later listed counts', () => {
  const rows = [
    { name: 'c', from: 5 },
    { name: 'a', from: 1 },
    { name: 'b', from: 5 },
  ]
  expect(reigns(rows).map(({ row, span }) => [row.name, span])).toEqual([
    ['a', [1, 5]],
    ['c', []],
    ['b', [5, Infinity]],
  ])
  expect(latest(rows, 0)).toBeUndefined()
  expect(latest(rows, 4)?.name).toBe('a')
  expect(latest(rows, 5)?.name).toBe('b')
})
