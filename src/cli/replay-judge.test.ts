import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf } from '../../test/bundle-of.ts'
import { RUNS } from '../../test/runs.ts'
import { decide } from '../decision/decide.ts'
import { printDecisionPayload } from '../decision/payload.ts'
import { RecordTexts } from './record-text.ts'
import { type Judge, judgeChunk } from './replay-judge.ts'
import type { Tally } from './replay-tally.ts'

// A line as it is printed is read in parts, any other one whole. Both have to come to the same.

/** What comes of lines that are read in parts where that can be, and of the same that cannot be, for a space before each. */
function bothWays(judge: Omit<Judge, 'texts'>, lines: readonly string[]): [Tally, Tally] {
  const texts = new RecordTexts()
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const spaced = Buffer.from(lines.map((line) => ` ${line}\n`).join(''))
  return [judgeChunk({ ...judge, texts }, text), judgeChunk({ ...judge, texts }, spaced)]
}

test('a line read in parts comes to what it comes to when it is read whole', () => {
  fc.assert(
    fc.property(anyTrial, anyTrial, fc.boolean(), ({ world, requests }, other, isThen) => {
      const before = bundleOf(world)
      const lines = requests.flatMap((request) => {
        const decided = decide(before, request)
        return decided.ok ? printDecisionPayload(decided.value, request) : []
      })
      const asOf = isThen ? (requests[0]?.at ?? null) : null
      for (const bundle of [before, bundleOf(other.world)]) {
        // Twice, so that what is kept of the first time serves the second.
        const [inParts, whole] = bothWays({ bundle, asOf }, [...lines, ...lines])
        expect(inParts).toEqual(whole)
        if (bundle === before && asOf === null) expect(inParts.identical).toBe(2 * lines.length)
      }
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  )
})

test('one other character in a line is seen, wherever it is', () => {
  fc.assert(
    fc.property(
      anyTrial,
      fc.nat(),
      fc.constantFrom('a', '1', '"', '\\', '}', ',', 'é'),
      (trial, n, sign) => {
        const bundle = bundleOf(trial.world)
        const lines = trial.requests.flatMap((request) => {
          const decided = decide(bundle, request)
          return decided.ok ? printDecisionPayload(decided.value, request) : []
        })
        const changed = lines.map((line) => {
          const index = n % line.length
          return line.slice(0, index) + sign + line.slice(index + 1)
        })
        const [inParts, whole] = bothWays({ bundle, asOf: null }, [...lines, ...changed])
        // Messages quote the line, and so the space.
        expect(comparable(inParts)).toEqual(comparable(whole))
      },
    ),
    { numRuns: Math.ceil(RUNS / 4) },
  )
})

function comparable({ inError, ...tally }: Tally): object {
  return { ...tally, inError: { ...inError, first: inError.first.map(({ line }) => line) } }
}
