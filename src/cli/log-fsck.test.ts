import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  DECISIONS_KEY,
  GOVERNANCE_KEY,
  type LogWorld,
  recordItem,
  saveLogs,
  signerNamed,
  thousandDecisions,
} from '../../test/log-world.ts'
import { jsonLines, proviso } from '../../test/proviso.ts'
import { printVerifier } from '../log/key.ts'

const TOP = mkdtempSync(join(tmpdir(), 'proviso-log-'))
const LOGS = join(TOP, 'logs')
const TRUST = join(TOP, 'trust')
const KEY = join(TOP, 'auditor.key')
const AUDITOR = 'proviso_auditor_secret'

let world: LogWorld
let server: Server
let url: string

beforeAll(async () => {
  // The newest anchor is of now, and the clock of a command is the machine's.
  world = await thousandDecisions(Date.now() - 50_000)
  await saveLogs(world, LOGS)
  const keys = [GOVERNANCE_KEY, DECISIONS_KEY].map(({ verifier }) => printVerifier(verifier))
  writeFileSync(TRUST, [...keys.map((key) => `log ${key}`), 'quorum none', ''].join('\n'))
  cpSync(join(LOGS, 'keys'), join(TOP, 'begun/keys'), { recursive: true })
  writeFileSync(KEY, `${AUDITOR}\n`, { mode: 0o600 })
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/log\//, '')
    const isEntries = path.includes('/tile/entries/')
    if (isEntries && request.headers.authorization !== `Bearer ${AUDITOR}`) {
      response.writeHead(401).end()
      return
    }
    try {
      response.end(readFileSync(join(LOGS, path)))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(TOP, { recursive: true })
})

/** Changes a byte of a file while something is done. */
async function damaged<T>(path: string, use: () => Promise<T>): Promise<T> {
  const file = join(LOGS, path)
  const bytes = readFileSync(file)
  const changed = Buffer.from(bytes)
  changed[40] = (changed[40] ?? 0) ^ 1
  writeFileSync(file, changed)
  try {
    return await use()
  } finally {
    writeFileSync(file, bytes)
  }
}

test('log fsck: a directory without a fault: what was checked, exit 0', async () => {
  expect(await proviso(['log', 'fsck', LOGS])).toMatchObject({
    code: 0,
    stdout: 'governance: 5 entries, 5 anchors\ndecisions-main-1: 1000 entries\nno fault\n',
    stderr: '',
  })
})

test('log fsck: one log of a directory', async () => {
  const { code, stdout } = await proviso(['log', 'fsck', join(LOGS, 'decisions-main-1')])
  expect([code, stdout]).toEqual([0, 'decisions-main-1: 1000 entries\nno fault\n'])
})

test('log fsck: a fault is told with where it is, exit 1', async () => {
  const ran = await damaged('decisions-main-1/tile/0/002', () => proviso(['log', 'fsck', LOGS]))
  expect(ran.code).toBe(1)
  expect(ran.stdout.split('\n').slice(0, 1)).toEqual([
    'decisions-main-1/tile/0/002: wrong-file: it does not hold the hashes that follow from the entries',
  ])
  expect(ran.stdout).toMatch(/^1 fault$/m)
})

test('log fsck: --json has logs, faults and notes', async () => {
  const args = ['log', 'fsck', LOGS, '--json']
  const { stdout } = await damaged('governance/tile/entries/000.p/5', () => proviso(args))
  expect(JSON.parse(stdout)).toMatchObject({
    logs: [
      { folder: 'governance', entries: 5 },
      { folder: 'decisions-main-1', entries: 1_000 },
    ],
    faults: [{ code: 'wrong-file', where: 'governance/tile/entries/000.p/5' }],
    notes: [],
    faultCount: 1,
    noteCount: 0,
  })
})

test('log fsck: a trust file says which keys count', async () => {
  const other = join(TOP, 'other-trust')
  const stranger = signerNamed(DECISIONS_KEY.verifier.name, 66).verifier
  const keys = [GOVERNANCE_KEY.verifier, stranger].map(printVerifier)
  writeFileSync(other, [...keys.map((key) => `log ${key}`), 'quorum none', ''].join('\n'))
  const { code, stdout } = await proviso(['log', 'fsck', LOGS, '--trust', other])
  expect(code).toBe(1)
  expect(stdout).toContain(
    'decisions-main-1/signed: unknown-signer: none of proviso.example/decisions/main/1',
  )
})

test('log fsck: a URL with a key: the entries too', async () => {
  const { code, stdout } = await proviso(['log', 'fsck', url, '--trust', TRUST, '--key-file', KEY])
  expect(stdout).toContain('decisions-main-1: 1000 entries\n')
  expect(stdout).not.toContain('entries were not read')
  expect(code).toBe(0)
})

test('log fsck: a URL without a key: the tiles, and what was not read', async () => {
  const { code, stdout } = await proviso([
    'log',
    'fsck',
    `${url}/decisions-main-1/`,
    '--trust',
    TRUST,
  ])
  expect(stdout).toContain('decisions-main-1: note: its entries were not read')
  expect([code, stdout.includes('no fault')]).toEqual([0, true])
})

test.each([
  [[], /say which logs/],
  [[join(TOP, 'begun')], /no log at .* has begun; name where logs are/],
  [['/nowhere'], /no directory \/nowhere/],
  [[TOP], /no key of a log at .* is known; give one with --trust FILE/],
  [['https://proviso.example/log'], /say whose keys to trust .*: --trust FILE/],
  [['https://proviso.example/log?a', '--trust', TRUST], /is no URL of logs/],
  [
    ['http://proviso.example/log', '--trust', TRUST, '--key-file', KEY],
    /a key is sent over https alone/,
  ],
  [['http://127.0.0.1:9/log', '--trust', TRUST], /does not answer; try again later/],
  [[LOGS, '--trust', KEY], /auditor.key: line 1: a line begins with log, witness, group or quorum/],
])('log fsck %j exits 2 with one sentence', async (args, sentence) => {
  const { code, stdout, stderr } = await proviso(['log', 'fsck', ...args])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^proviso: [^\n]+\n$/)
  expect(stderr).toMatch(sentence)
})

test('log monitor: --once tells what it has seen, exit 0, and keeps it', async () => {
  const state = join(TOP, 'state')
  // However slow the machine is, the anchors are not older than 30 seconds when the test begins.
  const { code, stdout } = await proviso([
    'log',
    'monitor',
    LOGS,
    '--once',
    '--state',
    state,
    '--json',
  ])
  const lines = jsonLines(stdout)
  const problems = lines.filter(({ kind, code: what }) => kind === 'problem' && what !== 'silence')
  expect(problems).toEqual([])
  expect(lines.at(-1)).toMatchObject({
    kind: 'end',
    logs: [
      { origin: 'proviso.example/governance', entries: 5, read: 5 },
      { origin: 'proviso.example/decisions/main/1', entries: 1_000, read: 1_000 },
    ],
  })
  expect(code).toBe(lines.some(({ kind }) => kind === 'problem') ? 1 : 0)
  expect(JSON.parse(readFileSync(state, 'utf8'))).toMatchObject({ format: 'proviso/monitor@1' })
})

test('log monitor: a URL that shows an older copy than the state knows is told, exit 1', async () => {
  const state = join(TOP, 'newer-state')
  const newer = await world.copy()
  await newer.decide(1)
  await newer.anchor()
  const place = join(TOP, 'newer')
  await saveLogs(newer, place)
  await proviso(['log', 'monitor', place, '--once', '--state', state])
  const args = ['log', 'monitor', url, '--trust', TRUST, '--once', '--state', state, '--json']
  const { code, stdout } = await proviso(args)
  expect(code).toBe(1)
  expect(jsonLines(stdout).map(({ message }) => message)).toEqual(
    expect.arrayContaining([
      'it shows 5 entries, and has shown 6 before',
      'it shows 1000 entries, and has shown 1001 before',
    ]),
  )
})

test('log monitor: entries are read with a key, and said not to be without', async () => {
  const args = ['log', 'monitor', url, '--trust', TRUST, '--once', '--json']
  const without = await proviso(args)
  const withKey = await proviso([...args, '--key-file', KEY])
  expect(jsonLines(without.stdout).at(-1)).toMatchObject({ logs: [{ read: 0 }, { read: 0 }] })
  expect(without.stdout).toContain('its entries were not read')
  expect(jsonLines(withKey.stdout).at(-1)).toMatchObject({ logs: [{ read: 5 }, { read: 1_000 }] })
  expect(withKey.stdout).toContain('its permits were not counted anew')
})

test('log monitor: a gap in sequence numbers is one line, exit 1', async () => {
  const gap = await world.copy()
  await gap.decisions.append([recordItem(1_001)])
  await gap.decisions.integrate()
  const place = join(TOP, 'gap')
  await saveLogs(gap, place)
  const { code, stdout } = await proviso(['log', 'monitor', place, '--once'])
  expect(code).toBe(1)
  expect(stdout).toContain(
    'decisions-main-1 entry 1000: wrong-sequence: its sequence number is 1001\n',
  )
  expect(stdout).toMatch(/^\d problems?$/m)
})

test.each([
  [[join(LOGS, 'decisions-main-1')], /no governance log at .* is known/],
  [[LOGS, '--interval', '0'], /--interval is from 1 to 3600 seconds/],
  [[LOGS, '--state', KEY], /auditor.key: this is no state of a monitor/],
])('log monitor %j exits 2 with one sentence', async (args, sentence) => {
  const { code, stdout, stderr } = await proviso(['log', 'monitor', '--once', ...args])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(sentence)
})
