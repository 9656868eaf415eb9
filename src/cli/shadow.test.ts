import { chmodSync, cpSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE, MINIMAL_DIR } from '../../test/example-world.ts'
import { jsonLines, proviso } from '../../test/proviso.ts'
import { QUESTIONS } from '../../test/questions.ts'
import { BUNDLE, type RunningServer, startServer, TEMP, until } from '../../test/running-server.ts'
import { printBundle } from '../decision/bundle-file.ts'

// `proviso serve --shadow` over HTTP.

const CLOCK = ['--unsigned', '--clock', '2026-03-02T09:00:00Z']

/** The example, which denies what its contract allows when this one is not among its contracts. */
const DRAFT = join(TEMP, 'draft.bundle')
writeDraft('osint-2026')

function writeDraft(without: string): void {
  const contracts = [...EXAMPLE.contracts].filter(({ id }) => id !== without)
  writeFileSync(DRAFT, [...printBundle(bundleOf({ ...EXAMPLE, contracts }), sha256)].join(''))
}

function serving(log: string, ...args: readonly string[]): Promise<RunningServer> {
  return startServer(join(TEMP, log), { served: [BUNDLE, ...CLOCK], args })
}

/** Everything that is answered, as it stands in the body. */
async function answersOf({ address }: RunningServer): Promise<readonly string[]> {
  const all = Object.values(QUESTIONS)
  const unknown = { ...QUESTIONS.deny, action: { name: 'no-such-use' } }
  const bodies = [...all, unknown, { evaluations: all }]
  const answers: string[] = []
  for (const body of bodies) {
    const path = 'evaluations' in body ? 'evaluations' : 'evaluation'
    const answer = await fetch(`${address}/access/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    answers.push(`${answer.status} ${await answer.text()}`)
  }
  return answers
}

async function metricsOf({ address }: RunningServer): Promise<readonly string[]> {
  const text = await (await fetch(`${address}/metrics`)).text()
  return text.split('\n').filter((line) => /^proviso_shadow_(?!info)/.test(line))
}

test('a draft changes no answer, and what it flips is counted and written down', async () => {
  const out = join(TEMP, 'flips.ndjson')
  const [plain, shadowed] = await Promise.all([
    serving('plain'),
    serving('shadowed', '--shadow', DRAFT, '--shadow-out', out),
  ])
  const answers = await answersOf(shadowed)
  expect(answers).toEqual(await answersOf(plain))
  expect(answers.join()).toContain('permit-under-exception')
  expect(await metricsOf(plain)).toEqual([])
  await until(async () => (await metricsOf(shadowed)).join().includes('{fate="written"} 2'))
  expect(await metricsOf(shadowed)).toEqual([
    'proviso_shadow_decisions_total{result="narrowed"} 2',
    'proviso_shadow_decisions_total{result="agreed"} 6',
    'proviso_shadow_customer_flips_total{customer="ministry-of-assessment"} 2',
    'proviso_shadow_lines_total{fate="written"} 2',
    'proviso_shadow_lines_total{fate="lost"} 0',
  ])
  await shadowed.end()
  const lines = jsonLines(readFileSync(out, 'utf8'))
  expect(lines).toMatchObject(
    Array(2).fill({
      flip: 'narrowed',
      customer: 'ministry-of-assessment',
      answered: { contract: 'osint-2026' },
      shadow: { outcome: 'deny' },
    }),
  )
  expect(answers.join()).toContain(`"record":"${lines[0]?.['record']}"`)
  expect(statSync(out).mode & 0o777).toBe(0o600)
})

test('a full disk loses lines, which are counted, and no answer', async () => {
  const server = await serving('full', '--shadow', DRAFT, '--shadow-out', '/dev/full')
  for (const answer of (await answersOf(server)).slice(0, 4)) expect(answer).toMatch(/^200 /)
  await until(async () => (await metricsOf(server)).join().includes('{fate="lost"} 2'))
  const told = server.log().filter(({ event }) => event === 'shadow-trouble')
  expect(told).toMatchObject([{ error: expect.stringContaining('ENOSPC') }])
})

test('a draft that changes is taken, and a wrong one is refused and leaves the last', async () => {
  const server = await serving('changing', '--shadow', DRAFT)
  writeFileSync(DRAFT, 'no bundle')
  await until(() => server.log().some(({ event, shadow }) => event === 'bundle-refused' && shadow))
  await answersOf(server)
  expect(await metricsOf(server)).toContain('proviso_shadow_decisions_total{result="narrowed"} 2')
  writeDraft('none')
  await until(() => server.log().some(({ event, shadow }) => event === 'bundle-taken' && shadow))
  await answersOf(server)
  expect(await metricsOf(server)).toContain('proviso_shadow_decisions_total{result="narrowed"} 2')
  writeDraft('osint-2026')
})

test('a wrong draft, or a wrong file for what it flips, keeps a server from beginning', async () => {
  const broken = join(TEMP, 'broken')
  cpSync(MINIMAL_DIR, broken, { recursive: true })
  writeFileSync(join(broken, 'tests/odd.yaml'), 'format: proviso/tests@1\ncases: []\nodd: 1\n')
  const open = join(TEMP, 'open.ndjson')
  writeFileSync(open, '')
  chmodSync(open, 0o644)
  const serve = (...args: readonly string[]): ReturnType<typeof proviso> =>
    proviso(['serve', BUNDLE, ...CLOCK, '--port', '0', ...args])
  const runs = await Promise.all([
    serve('--shadow', broken),
    serve('--shadow', join(TEMP, 'none')),
    serve('--shadow', DRAFT, '--shadow-out', open),
    serve('--shadow', DRAFT, '--shadow-out', join(TEMP, 'none/flips')),
    serve('--shadow-out', join(TEMP, 'flips')),
  ])
  expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual(
    [1, 2, 2, 2, 2].map((code) => [code, '']),
  )
  expect(runs.map(({ stderr }) => stderr)).toEqual([
    expect.stringMatching(/tests\/odd.yaml:3:1: error unknown-key[\s\S]*is refused: 1 error\n$/),
    expect.stringContaining('no directory'),
    expect.stringContaining(`may be read by others; run \`chmod 600 ${open}\``),
    expect.stringContaining('none; make it, or name another'),
    'proviso: --shadow-out goes only with --shadow DIR\n',
  ])
})
