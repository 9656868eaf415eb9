import * as z from 'zod'
import { list, prose } from '../shape.ts'

const members = z.record(z.string(), z.unknown())

/** Expectations of decisions, told as cases: `tests/*.yaml`. */
export const cases = z.strictObject({
  format: z.literal('proviso/tests@1'),
  cases: list(
    z.strictObject({
      name: prose,
      why: prose.optional(),
      /** As on the wire; it may be malformed on purpose. */
      request: members,
      /** Part of a decision: arrays exact, or `{error: code}`. */
      expect: members,
    }),
  ),
})

export type Case = z.output<typeof cases>['cases'][number]

/** Where an expectation and what came of it first differ; undefined when all that was expected is so. */
export function firstDifference(expected: unknown, found: unknown, path = ''): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length)
      return differ(path, expected, found)
    return firstOf(expected, (i) => firstDifference(expected[i], found[i], `${path}[${i}]`))
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof found !== 'object' || found === null) return differ(path, expected, found)
    const names = Object.keys(expected)
    return firstOf(names, (i) => {
      const name = names[i] as keyof object
      const member = Object.hasOwn(found, name) ? found[name] : undefined
      return firstDifference(expected[name], member, path === '' ? name : `${path}.${name}`)
    })
  }
  return Object.is(expected, found) ? undefined : differ(path, expected, found)
}

function firstOf(
  list: readonly unknown[],
  differenceAt: (i: number) => string | undefined,
): string | undefined {
  for (let i = 0; i < list.length; i++) {
    const difference = differenceAt(i)
    if (difference !== undefined) return difference
  }
  return undefined
}

function differ(path: string, expected: unknown, found: unknown): string {
  const foundText = found === undefined ? 'nothing' : JSON.stringify(found)
  return `${path || 'the decision'}: expected ${JSON.stringify(expected)}, found ${foundText}`
}
