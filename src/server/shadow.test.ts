import { expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { RECORD } from '../../test/served.ts'
import { decide } from '../decision/decide.ts'
import type { Request } from '../decision/request.ts'
import type { World } from '../decision/world.ts'
import type { ShadowResult } from './metrics.ts'
import { type Answered, type ShadowOptions, shadowOf } from './shadow.ts'

const IN_USE = bundleOf(EXAMPLE)
const WITHOUT: World = {
  ...EXAMPLE,
  contracts: [...EXAMPLE.contracts].filter(({ id }) => id !== 'osint-2026'),
}

const REQUEST: Request = {
  id: 'said by the caller',
  customer: 'ministry-of-assessment',
  deployment: 'desk-1',
  model: 'example-sonnet-20250514',
  uses: ['surveillance.intelligence-analysis'],
  facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] },
  signals: [],
  at: Date.UTC(2026, 2, 2, 9),
}

interface Seen {
  readonly results: readonly (readonly [ShadowResult, customer: string, isKnown: boolean])[]
  readonly lines: readonly Record<string, unknown>[]
}

/** What a draft makes of a request that is answered from a bundle. */
function seen(
  draft: ShadowOptions['draft'],
  { bundle = IN_USE, request = REQUEST }: Partial<Answered> = {},
): Seen {
  const results: [ShadowResult, string, boolean][] = []
  const lines: Record<string, unknown>[] = []
  const metrics = { shadowed: (...args: (typeof results)[0]): void => void results.push(args) }
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>)
  const decided = decide(bundle, request)
  if (!decided.ok) throw new Error(decided.error.message)
  shadowOf({ draft, metrics, write }).see({
    request,
    bundle,
    decision: decided.value,
    record: RECORD,
  })
  return { results, lines }
}

const CUSTOMER = REQUEST.customer

test('a draft that decides alike agrees, and no line is written', () => {
  expect(seen(() => IN_USE)).toEqual({ results: [['agreed', CUSTOMER, true]], lines: [] })
})

test('a flip is a line with names, and nothing else that the caller said', () => {
  const { results, lines } = seen(() => bundleOf(WITHOUT))
  expect(results).toEqual([['narrowed', CUSTOMER, true]])
  expect(lines).toEqual([
    {
      at: '2026-03-02T09:00:00.000Z',
      flip: 'narrowed',
      record: RECORD,
      customer: CUSTOMER,
      deployment: 'desk-1',
      model: 'example-sonnet-20250514',
      uses: ['surveillance.intelligence-analysis'],
      usesMore: 0,
      answered: {
        outcome: 'permit-under-exception',
        triggered: ['surveillance.persons'],
        contract: 'osint-2026',
        tailoring: 'foreign-osint',
        codes: ['tailored'],
        bundle: IN_USE.digest,
      },
      shadow: {
        outcome: 'deny',
        triggered: ['surveillance.persons'],
        contract: null,
        tailoring: null,
        codes: ['no-tailoring'],
        bundle: bundleOf(WITHOUT).digest,
      },
    },
  ])
  const back = seen(() => IN_USE, { bundle: bundleOf(WITHOUT) })
  expect(back.results).toEqual([['widened', CUSTOMER, false]])
})

test('a draft of another policy judges everybody, one of other contracts those whom they are of', () => {
  const versioned = bundleOf({ ...WITHOUT, policy: { ...WITHOUT.policy, version: 'next' } })
  expect(seen(() => versioned).results).toEqual([['narrowed', CUSTOMER, true]])
  const stranger = { ...REQUEST, customer: 'riverside-clinic' }
  for (const draft of [versioned, bundleOf(WITHOUT)]) {
    const { results, lines } = seen(() => draft, { request: stranger })
    expect(results.map(([result]) => result)).toEqual(['agreed'])
    expect(lines).toEqual([])
  }
})

test('a request of many uses is a line of bounded length', () => {
  const request = { ...REQUEST, uses: Array(1_000).fill(REQUEST.uses[0]) as string[] }
  const { lines } = seen(() => bundleOf(WITHOUT), { request })
  expect(lines).toMatchObject([{ uses: request.uses.slice(0, 16), usesMore: 984 }])
})

test('a draft judges under the lease in use, so that no lease is a flip', () => {
  const stale = bundleOf({ ...EXAMPLE, validUntil: REQUEST.at })
  expect(seen(() => IN_USE, { bundle: stale }).results).toEqual([['agreed', CUSTOMER, true]])
  expect(seen(() => stale).results).toEqual([['agreed', CUSTOMER, true]])
})

test('a draft that cannot judge is counted, and nothing is thrown', () => {
  const unknowing = bundleOf({
    ...EXAMPLE,
    contracts: [],
    exceptions: { ...EXAMPLE.exceptions, catalogue: [] },
    policy: { ...EXAMPLE.policy, facts: {}, restrictions: [] },
  })
  const failed = { results: [['failed', CUSTOMER, true]], lines: [] }
  expect(seen(() => unknowing)).toEqual(failed)
  const broken = (): never => {
    throw new Error('broken')
  }
  expect(seen(broken)).toEqual(failed)
})

test('two bundles that decide in turn do not disturb each other', () => {
  const others = [IN_USE, bundleOf(WITHOUT)].map((bundle) => decide(bundle, REQUEST))
  const again = [bundleOf(WITHOUT), IN_USE].map((bundle) => decide(bundle, REQUEST)).reverse()
  expect(again).toEqual(others)
})
