import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyTrial } from '../../test/any-world.ts'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { RUNS } from '../../test/runs.ts'
import { decide } from '../decision/decide.ts'
import { printDecisionPayload } from '../decision/payload.ts'
import type { Request } from '../decision/request.ts'
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

test('a decision that differs in its reason alone is not identical', () => {
  const bundle = bundleOf(EXAMPLE)
  const [from, until] = [Date.UTC(2026, 2, 2), Date.UTC(2026, 2, 3)]
  // Nobody has reviewed it, so no tailoring covers it.
  const request: Request = {
    id: null,
    customer: 'ministry-of-assessment',
    deployment: 'desk-1',
    model: 'example-sonnet-20250514',
    uses: ['surveillance.intelligence-analysis'],
    facts: { subjects: ['foreign'], act: ['analyse'] },
    signals: [],
    at: from,
  }
  const lines = [from, until].flatMap((at) => {
    const decided = decide(bundle, { ...request, at })
    return decided.ok ? printDecisionPayload(decided.value, { ...request, at }) : []
  })
  // From then on the reason is that the bundle is stale.
  const judge = { bundle: { ...bundle, validUntil: until }, asOf: null }
  for (const tally of bothWays(judge, lines)) {
    expect([tally.identical, tally.differently]).toEqual([1, 1])
  }
})
