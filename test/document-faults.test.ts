import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseDocuments } from '../src/decision/documents.ts'

// examples/minimal with one fault planted at a time: each is reported, and nothing else is.

const DIR = join(import.meta.dirname, '../examples/minimal')
const POLICY = 'policy.yaml'
const EXCEPTIONS = 'exceptions.yaml'
const MODELS = 'models.yaml'
const CONTRACT = 'contracts/first-contract.yaml'
const NAMES = [POLICY, EXCEPTIONS, MODELS, CONTRACT, 'tests/first-contract.yaml']
const TEXTS = new Map(NAMES.map((name) => [name, readFileSync(join(DIR, name), 'utf8')]))

interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
  /** In both determination and terms. */
  readonly everywhere?: boolean
}

/** `severity code` of each problem, in order of place. */
function problemsAfter(edits: readonly Edit[]): string[] {
  const files = NAMES.map((name) => {
    let text = TEXTS.get(name) ?? ''
    for (const { file, from, to, everywhere } of edits) {
      if (file !== name) continue
      expect(text, `${name} holds ${from}`).toContain(from)
      text = everywhere ? text.replaceAll(from, to) : text.replace(from, to)
    }
    return { name, text }
  })
  return parseDocuments(files).problems.map(({ severity, code }) => `${severity} ${code}`)
}

/** Edits the last occurrence, which in a contract is the signed one. */
function signed(from: string, to: string): Edit {
  const text = TEXTS.get(CONTRACT) ?? ''
  const tail = text.slice(text.lastIndexOf(from))
  return { file: CONTRACT, from: tail, to: tail.replace(from, to) }
}

function both(from: string, to: string): Edit {
  return { file: CONTRACT, from, to, everywhere: true }
}

function inPolicy(from: string, to: string): Edit {
  return { file: POLICY, from, to }
}

function inModels(levels: string): Edit {
  const { file, from } = {
    file: MODELS,
    from: (TEXTS.get(MODELS) ?? '').split('levels: ')[1] ?? '',
  }
  return { file, from, to: `[${levels}]\n` }
}

const LEVEL = 'scheme: rsp, level: 2, basis: determined'

const FAULTS: readonly (readonly [
  name: string,
  edits: readonly Edit[],
  problems: readonly string[],
])[] = [
  ['no unrestricted leaf', [inPolicy(', unrestricted: true', '')], ['error no-unrestricted']],
  [
    'a restriction on an ancestor of ordinary use',
    [
      inPolicy(
        '  general: { title: Ordinary use, unrestricted: true }',
        '  plain: { title: P, uses: { general: { title: O, unrestricted: true } } }',
      ),
      inPolicy('prohibits: [advice]', 'prohibits: [advice, plain]'),
    ],
    ['error prohibits-unrestricted'],
  ],
  [
    'refer-at over deny-at after inheritance',
    [inPolicy('deny-at: 0.9 }', 'deny-at: 0.9, uses: { surveillance: { deny-at: 0.4 } } }')],
    ['error thresholds'],
  ],
  ['a threshold under 0', [inPolicy('refer-at: 0.5', 'refer-at: -0.5')], ['error too-small']],
  [
    'an unknown fact in when',
    [inPolicy('when: { subjects: [domestic] }', 'when: { subject: [domestic] }')],
    ['error unknown-fact'],
  ],
  [
    'an unknown obligation in unless',
    [inPolicy('obligations: [disclose-ai]', 'obligations: [disclose]')],
    ['error unknown-obligation'],
  ],
  [
    'an unknown key at the top',
    [inPolicy('title: My usage policy', 'titel: My usage policy')],
    ['error unknown-key'],
  ],
  [
    'an entry without uses',
    [{ file: EXCEPTIONS, from: 'uses: [surveillance.intelligence-analysis]', to: 'uses: []' }],
    ['warning narrowed-by-catalogue', 'error empty-set'],
  ],
  [
    'an unknown restriction in an entry',
    [
      {
        file: EXCEPTIONS,
        from: 'lifts: [surveillance.persons]',
        to: 'lifts: [surveillance.person]',
      },
    ],
    ['warning narrowed-by-catalogue', 'error unknown-restriction'],
  ],
  [
    'two entries of one id',
    [
      {
        file: EXCEPTIONS,
        from: '    scope: { subjects: [foreign] }',
        to: '    scope: { subjects: [foreign] }\n  - { id: foreign-intelligence-analysis, lifts: [surveillance.persons], uses: [surveillance] }',
      },
    ],
    ['error duplicate-id'],
  ],
  [
    'a rescission of nothing known',
    [inModels(`{ id: a1, ${LEVEL}, from: 2025-10-01T00:00:00Z, rescinds: a0 }`)],
    ['error unknown-assertion'],
  ],
  [
    'an unknown basis',
    [inModels('{ id: a1, scheme: rsp, level: 2, basis: guessed, from: 2025-10-01T00:00:00Z }')],
    ['error unknown-basis'],
  ],
  [
    'an unknown policy',
    [both('policy: my-policy@', 'policy: your-policy@')],
    ['error unknown-policy'],
  ],
  [
    'an unknown version',
    [both('my-policy@2026-01-01', 'my-policy@2024-01-01')],
    ['error unknown-version'],
  ],
  [
    'a malformed version of the policy',
    [inPolicy('version: 2026-01-01', 'version: first draft')],
    ['error malformed-version'],
  ],
  [
    'a policy without its version',
    [both('my-policy@2026-01-01', 'my-policy')],
    ['error malformed-policy'],
  ],
  [
    'lineage of nothing',
    [
      inPolicy(
        'obligations:\n  disclose-ai:',
        'lineage: [{ from: surveillance.persons, to: [surveillance.persons], kind: same }]\nobligations:\n  disclose-ai:',
      ),
    ],
    ['error malformed-lineage'],
  ],
  ['a use in capitals', [inPolicy('  general: {', '  General: {')], ['error malformed-id']],
  [
    'a duty that guards nothing',
    [signed('grace: P14D }', 'grace: P14D, guards: [] }')],
    ['error empty-guards'],
  ],
  [
    'a stop of something else',
    [
      {
        file: CONTRACT,
        from: '  stops: []',
        to: '  stops: [{ scope: all, from: 2026-03-01T00:00:00Z }]',
      },
    ],
    ['error wrong-type'],
  ],
  [
    'thresholds of a use that is named as a member of every object',
    [
      inPolicy('  general: {', '  constructor: A use\n  general: {'),
      inPolicy('refer-at: 0.5', 'refer-at: 0.95'),
    ],
    ['error thresholds'],
  ],
  [
    'an open term',
    [
      signed(
        'term: { from: 2026-02-01T00:00:00Z, until: 2026-05-01T00:00:00Z }',
        'term: { from: 2026-02-01T00:00:00Z }',
      ),
    ],
    ['error open-term', 'error wider'],
  ],
  [
    'a term over the maximum',
    [both('until: 2026-05-01T00:00:00Z }\n', 'until: 2027-05-01T00:00:00Z }\n')],
    ['error term-too-long', 'error term-too-long', 'error dialogue-gap'],
  ],
  [
    'until before from',
    [
      signed(
        'from: 2026-02-01T00:00:00Z, until: 2026-05-01T00:00:00Z }\n  authorities',
        'from: 2026-03-01T00:00:00Z, until: 2026-02-01T00:00:00Z }\n  authorities',
      ),
    ],
    ['error empty-interval'],
  ],
  [
    'a dialogue gap',
    [
      both('due: [2026-03-15T00:00:00Z]', 'due: []'),
      { file: EXCEPTIONS, from: 'every: P92D', to: 'every: P30D' },
    ],
    ['error dialogue-gap', 'error unlisted-due'],
  ],
  [
    'an unknown entry',
    [both('entry: foreign-intelligence-analysis', 'entry: foreign-analysis')],
    ['error unknown-entry', 'error unknown-entry'],
  ],
  [
    'another entry than approved',
    [signed('entry: foreign-intelligence-analysis', 'entry: other')],
    ['error wider', 'error unknown-entry'],
  ],
  [
    'a use more',
    [signed('uses: [surveillance.intelligence-analysis]', 'uses: [surveillance]')],
    ['error wider', 'warning narrowed-by-catalogue'],
  ],
  [
    'a lift more',
    [signed('lifts: [surveillance.persons]', 'lifts: [surveillance.persons, reviewed-advice]')],
    ['error wider', 'warning narrowed-by-catalogue', 'warning idle-lift', 'error unmitigated-harm'],
  ],
  [
    'a model more',
    [signed('models: [my-model-20251001]', 'models: [my-model-20251001, other]')],
    ['error wider', 'warning unknown-model'],
  ],
  [
    'a fact value more',
    [signed('subjects: [foreign], human', 'subjects: [foreign, domestic], human')],
    ['error wider', 'warning narrowed-by-catalogue'],
  ],
  [
    'a fact not stated',
    [signed('scope: { subjects: [foreign], ', 'scope: { ')],
    ['error wider', 'warning narrowed-by-catalogue'],
  ],
  [
    'a safeguard less',
    [signed('safeguards: [analyst-review]', 'safeguards: []')],
    ['error wider', 'error unmitigated-harm'],
  ],
  [
    'an authority less',
    [signed('authorities: [assessment-act]', 'authorities: []')],
    ['error wider', 'error no-authority'],
  ],
  [
    'a duty less',
    [
      signed(
        '  duties: [{ id: dialogue, kind: dialogue, due: [2026-03-15T00:00:00Z], grace: P14D }]\n',
        '',
      ),
      {
        file: CONTRACT,
        from: '  duties: [{ id: dialogue, due: 2026-03-15T00:00:00Z, met: 2026-03-12T00:00:00Z }]\n',
        to: '',
      },
    ],
    ['error wider'],
  ],
  [
    'a later due instant',
    [signed('due: [2026-03-15T00:00:00Z]', 'due: [2026-03-16T00:00:00Z]')],
    ['error wider', 'error unlisted-due'],
  ],
  [
    'an unknown authority',
    [both('authorities: [assessment-act]', 'authorities: [assessments-act]')],
    ['error unknown-authority', 'error unknown-authority'],
  ],
  [
    'an unknown duty in the register',
    [
      {
        file: CONTRACT,
        from: '[{ id: dialogue, due: 2026-03-15',
        to: '[{ id: dialog, due: 2026-03-15',
      },
    ],
    ['error unknown-duty'],
  ],
  [
    'a duty row twice',
    [
      {
        file: CONTRACT,
        from: 'met: 2026-03-12T00:00:00Z }]',
        to: 'met: 2026-03-12T00:00:00Z }, { id: dialogue, due: 2026-03-15T00:00:00Z }]',
      },
    ],
    ['error duplicate-due'],
  ],
  [
    'an authority in force without review',
    [{ file: CONTRACT, from: '      review-by: 2026-09-01T00:00:00Z\n', to: '' }],
    ['error missing-field'],
  ],
  [
    'a guard of no tailoring',
    [both('grace: P14D }', 'grace: P14D, guards: [foreign] }')],
    ['error unknown-tailoring', 'error unknown-tailoring'],
  ],
  [
    'a lift that lapses',
    [
      both('my-policy@2026-01-01', 'my-policy@2025-01-01'),
      inPolicy(
        'obligations:\n  disclose-ai:',
        'lineage: [{ from: 2025-01-01/surveillance.persons, to: [surveillance.persons], kind: split }]\nobligations:\n  disclose-ai:',
      ),
    ],
    ['warning narrowed-by-lineage'],
  ],
  [
    'an anchor bomb',
    [
      inPolicy(
        'harms:\n',
        `x: &a [${'x,'.repeat(50)}]\ny: &b [${'*a,'.repeat(50)}]\nz: [${'*b,'.repeat(50)}]\nharms:\n`,
      ),
    ],
    ['error too-many-aliases'],
  ],
  [
    'a document over the limit',
    [inPolicy('# What nobody', `#${'x'.repeat(1_100_000)}\n# What nobody`)],
    ['error too-large'],
  ],
  [
    'brackets without end',
    [inPolicy('harms:\n', `harms: ${'['.repeat(100_000)}\n`)],
    ['error too-deep'],
  ],
]

test.each(FAULTS)('%s is reported, and nothing else', (_name, edits, problems) => {
  expect(problemsAfter(edits).toSorted()).toEqual([...problems].sort())
})

test('without a fault there is no problem', () => {
  expect(problemsAfter([])).toEqual([])
})
