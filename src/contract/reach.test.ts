import { expect, test } from 'vitest'
import { exceptions } from '../policy/exceptions.ts'
import { models } from '../policy/models.ts'
import { type Provider, providerOf } from '../policy/provider.ts'
import { usagePolicy } from '../policy/usage-policy.ts'
import { type Contract, contract } from './contract.ts'
import { type Reach, reachOf } from './reach.ts'

// Five layers that all say everything; each test narrows some of them.

const JANUARY = { from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z' }
const PLACE = { tailoring: 't', deployment: 'd' }

interface Layers {
  readonly entry?: object
  readonly judged?: object
  readonly signed?: object
  readonly judgedFor?: object
  readonly signedFor?: object
  readonly judgedTerm?: object
  readonly signedTerm?: object
  readonly version?: string
  readonly lineage?: readonly object[]
}

function providerWith({ entry, lineage }: Layers): Provider {
  const restriction = { prohibits: ['watch'], tailorable: 'by-catalogue' }
  return providerOf({
    policy: usagePolicy.parse({
      format: 'proviso/policy@1',
      id: 'p',
      version: '2',
      effective: JANUARY.from,
      facts: {
        subjects: { title: 'S', values: ['foreign', 'domestic'] },
        act: { title: 'A', values: ['analyse', 'collect', 'decide'] },
      },
      uses: {
        general: { unrestricted: true },
        watch: { uses: { analyse: 'A', track: 'T' } },
        cyber: 'C',
      },
      restrictions: [
        { id: 'r-a', ...restriction },
        { id: 'r-b', ...restriction },
      ],
      lineage: lineage ?? [],
    }),
    exceptions: exceptions.parse({
      format: 'proviso/exceptions@1',
      policy: 'p',
      eligible: ['public-body'],
      safety: { scheme: 'rsp', levels: [2], bases: ['determined'] },
      floor: [],
      catalogue: [{ id: 'e', lifts: ['r-a', 'r-b'], uses: ['watch', 'cyber'], ...entry }],
      term: { max: 'P366D' },
      dialogue: { every: 'P366D' },
    }),
    models: models.parse({ format: 'proviso/models@1', models: [] }),
  })
}

function contractWith(layers: Layers): Contract {
  const tailoring = {
    id: 't',
    entry: 'e',
    purpose: 'x',
    lifts: ['r-a', 'r-b'],
    uses: ['watch', 'cyber'],
    models: ['m-1', 'm-2'],
  }
  return contract.parse({
    format: 'proviso/contract@1',
    id: 'c',
    customer: 'k',
    determination: {
      case: 'case',
      decided: JANUARY.from,
      mission: 'M',
      term: { ...JANUARY, ...layers.judgedTerm },
      deployments: [{ id: 'd', ...layers.judgedFor }],
      tailorings: [{ ...tailoring, ...layers.judged }],
    },
    terms: {
      policy: `p@${layers.version ?? '2'}`,
      party: 'public-body',
      mission: 'M',
      clauses: [],
      suspension: 'unilateral',
      term: { ...JANUARY, ...layers.signedTerm },
      authorities: [],
      deployments: [{ id: 'd', ...layers.signedFor }],
      tailorings: [{ ...tailoring, ...layers.signed }],
    },
  })
}

function reach(layers: Layers): Reach | undefined {
  return reachOf(providerWith(layers), contractWith(layers), PLACE)
}

test('without narrowing everything is reached, uses as leaves', () => {
  expect(reach({})).toEqual({
    lifts: ['r-a', 'r-b'],
    uses: ['watch.analyse', 'watch.track', 'cyber'],
    scope: {},
    models: ['m-1', 'm-2'],
    term: [Date.parse(JANUARY.from), Date.parse(JANUARY.until)],
    authorities: [],
    safeguards: [],
    obligations: [],
  })
})

test.each(['entry', 'judged', 'signed'] as const)('%s narrows lifts and uses', (layer) => {
  const narrowed = reach({ [layer]: { lifts: ['r-b'], uses: ['watch.track', 'cyber'] } })
  expect(narrowed).toMatchObject({ lifts: ['r-b'], uses: ['watch.track', 'cyber'] })
})

test.each(['judged', 'signed'] as const)(
  '%s narrows models and adds what is asked in return',
  (layer) => {
    const asked = { authorities: ['a'], safeguards: ['s'], obligations: ['o'] }
    expect(reach({ [layer]: { models: ['m-2'], ...asked } })).toMatchObject({
      models: ['m-2'],
      ...asked,
    })
  },
)

test.each(['entry', 'judged', 'signed', 'judgedFor', 'signedFor'] as const)(
  '%s narrows a scope value set by value set',
  (layer) => {
    const base = { judged: { scope: { act: ['analyse', 'collect'] } } }
    expect(reach({ [layer]: { scope: { subjects: ['foreign'] } } })?.scope).toEqual({
      subjects: ['foreign'],
    })
    if (layer === 'judged') return
    const both = reach({ ...base, [layer]: { scope: { act: ['collect', 'decide'] } } })
    expect(both?.scope).toEqual({ act: ['collect'] })
    expect(reach({ ...base, [layer]: { scope: { act: ['decide'] } } })).toBeUndefined()
  },
)

test('the term is the intersection of all terms that are stated', () => {
  const later = { from: '2026-01-05T00:00:00Z' }
  const sooner = { until: '2026-01-20T00:00:00Z' }
  const expected = [Date.parse(later.from), Date.parse(sooner.until)]
  expect(reach({ judgedTerm: later, signedTerm: sooner })?.term).toEqual(expected)
  const own = { term: { ...later, ...sooner } }
  expect(reach({ judged: own })?.term).toEqual(expected)
  expect(reach({ signed: own })?.term).toEqual(expected)
  expect(reach({ signed: { term: { from: '2026-03-01T00:00:00Z' } } })).toBeUndefined()
})

test('what is empty in a field, or unknown to a layer, lifts nothing', () => {
  expect(reach({ judged: { lifts: [] } })).toBeUndefined()
  expect(reach({ judged: { uses: ['watch'] }, signed: { uses: ['cyber'] } })).toBeUndefined()
  expect(reach({ judged: { models: ['m-1'] }, signed: { models: ['m-2'] } })).toBeUndefined()
  expect(reach({ judged: { id: 'other' } })).toBeUndefined()
  expect(reach({ judged: { entry: 'other' } })).toBeUndefined()
  expect(reach({ entry: { id: 'other' } })).toBeUndefined()
  expect(reach({ judgedFor: { id: 'other' } })).toBeUndefined()
  expect(reach({ signedFor: { id: 'other' } })).toBeUndefined()
})

test('ids of an older version map through lineage, and lapse when they do not live on as one', () => {
  const row = (from: string, to: readonly string[], kind: string): object => ({
    from: `1/${from}`,
    to,
    kind,
  })
  const old = {
    version: '1',
    judged: { lifts: ['r-old', 'r-b'] },
    signed: { lifts: ['r-old', 'r-b'] },
  }
  expect(reach({ ...old, lineage: [row('r-old', ['r-a'], 'same')] })?.lifts).toEqual(['r-a', 'r-b'])
  expect(reach({ ...old, lineage: [row('r-old', ['r-a'], 'narrowed')] })?.lifts).toEqual([
    'r-a',
    'r-b',
  ])
  for (const kind of ['split', 'merged', 'widened', 'removed']) {
    expect(reach({ ...old, lineage: [row('r-old', ['r-a'], kind)] })?.lifts).toEqual(['r-b'])
  }
  expect(reach(old)?.lifts).toEqual(['r-b'])
  expect(reach({ ...old, lineage: [row('r-b', ['r-b'], 'widened')] })).toBeUndefined()
  const uses = { version: '1', lineage: [row('watch', ['watch.track'], 'narrowed')] }
  expect(reach(uses)?.uses).toEqual(['watch.track', 'cyber'])
})

test('lineage does not touch a contract of the version in force', () => {
  const lineage = [{ from: '1/r-b', to: [], kind: 'removed' }]
  expect(reach({ lineage })?.lifts).toEqual(['r-a', 'r-b'])
})
