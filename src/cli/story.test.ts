import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { EXAMPLE_DIR, ROOT } from '../../test/example-world.ts'
import { proviso, spawnProviso } from '../../test/proviso.ts'
import { CASE_STATES } from '../review/case-states.ts'

const DATA = mkdtempSync(join(tmpdir(), 'proviso-story-'))

/** What is running, and the exit of each. */
const running = new Map<ChildProcess, Promise<number | null>>()
afterAll(async () => {
  for (const child of [...running.keys()]) await ended(child, 'SIGTERM')
  rmSync(DATA, { recursive: true })
})

const PACKAGE = readFileSync(join(ROOT, 'package.json'), 'utf8')

/** What `npm start` runs, on a port that is free and with data elsewhere. */
function npmStart(): ReturnType<typeof spawnProviso> {
  const { scripts } = JSON.parse(PACKAGE) as { scripts: { start: string } }
  const [, ...words] = scripts.start.split(' ')
  const args = words.map((word) => (word.startsWith('examples/') ? join(ROOT, word) : word))
  const child = spawnProviso([...args, '--port', '0', '--data', DATA])
  const closed = once(child, 'close') as Promise<[number | null]>
  running.set(
    child,
    closed.then(([code]) => code),
  )
  child.stderr.resume()
  return child
}

async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  const closed = running.get(child) ?? null
  running.delete(child)
  child.kill(signal)
  return await closed
}

interface Started {
  readonly child: ChildProcess
  readonly printed: string
  readonly ask: string
  readonly receipt: string
  readonly verify: string
  readonly list: string
  readonly show: string
  readonly suspend: string
}

/** Runs `npm start`, and comes back with all that it prints and the lines that may be pasted. */
async function started(): Promise<Started> {
  const child = npmStart()
  let printed = ''
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    printed += String(text)
    if (/contract suspend .*\n\n$/.test(printed)) break
  }
  child.stdout.resume()
  const lines = printed.match(/^(?:curl|bin).*$/gm) ?? []
  const [ask = '', receipt = '', verify = '', list = '', show = '', suspend = ''] = lines
  return { child, printed, ask, receipt, verify, list, show, suspend }
}

/** Runs a line as somebody who pastes it into a shell in the checkout. */
async function pasted(line: string): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', line], { cwd: ROOT })).stdout
}

/** The first word of each line. */
function statesIn(list: string): readonly string[] {
  return list.match(/^\w+/gm) ?? []
}

test('a story whose telling was killed is told whole the next time', async () => {
  const child = npmStart()
  // The last key to be made; all acts but the founding of the register are still ahead.
  while (!existsSync(join(DATA, 'people/second-officer.key'))) await pause(1)
  expect(await ended(child, 'SIGKILL')).toBe(null)

  const { child: next, printed, ask, list } = await started()
  expect(printed).toContain('It is new, and was told the story of ')
  expect(await pasted(ask)).toContain('"outcome":"permit-under-exception"')
  expect(new Set(statesIn(await pasted(list)))).toEqual(new Set(Object.keys(CASE_STATES)))
  const contracts = await pasted(list.replace('case', 'contract'))
  expect(statesIn(contracts)).toEqual(['proposed', 'in_force', 'suspended'])
  expectShown('README.md', printed.trimEnd())
  await ended(next, 'SIGKILL')
})

test('a story that was killed goes on as it was left, and what is printed works', async () => {
  const { child, printed, ask, receipt, verify, list, show, suspend } = await started()
  expect(printed).toContain('It goes on as it was left')
  // Killed soon enough, the first one has left nothing that is later than its beginning.
  expect(printed).toMatch(/^The clock (?:began at|goes on from) 2026-03-02T09:0\d:/m)
  expect(await pasted(ask)).toContain('"outcome":"permit-under-exception"')
  const file = join(DATA, 'receipt')
  const of = (line: string): string => line.replace('decision.proviso-receipt', file)
  expect(await pasted(`${of(receipt)} && ${of(verify)}`)).toContain('permit-under-exception')
  expect(await pasted(show)).toContain('id: osint-2026')
  await pasted(suspend)
  expect(await pasted(ask)).toContain('"outcome":"deny"')
  expect(statesIn(await pasted(`${list} --state lapsed`))).toEqual(['lapsed'])
  expect(await ended(child, 'SIGTERM')).toBe(0)
})

test('acts are taken up after a restart, though the clock is told to begin before them', async () => {
  const { child, printed, ask, suspend } = await started()
  expect(printed).toMatch(/^The clock goes on from /m)
  const reinstate = suspend
    .replace('suspend', 'reinstate')
    .replace('Misuse', 'Reviewed')
    .replace('--by officer', '--by second-officer')
    .replace('/officer.key', '/second-officer.key')
  await pasted(reinstate)
  // What grants waits until the governance log covers it.
  while (!(await pasted(ask)).includes('"outcome":"permit-under-exception"')) await pause(100)
  expect(await ended(child, 'SIGTERM')).toBe(0)
})

test('a story is told only where nobody else reaches the server', async () => {
  const host = ['--host', '0.0.0.0', '--behind-proxy', '--keys', 'keys.json']
  const ran = await proviso(['serve', '--story', EXAMPLE_DIR, '--data', DATA, ...host])
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining('--story is for trying')])
})

/** What a page shows of `npm start` is what it prints, but for the port and where data is. */
function expectShown(page: string, printed: string): void {
  const path = join(ROOT, page)
  const text = readFileSync(path, 'utf8')
  const [whole = '', shown] = /^```text\n(Serving the register at.*?)\n```$/ms.exec(text) ?? []
  const usual = printed
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:7420')
    .replaceAll(DATA, '.proviso')
    .replaceAll(join(ROOT, '/'), '')
  if (process.env['PROVISO_GOLDEN'] !== 'write') return expect(usual).toBe(shown)
  writeFileSync(
    path,
    text.replace(whole, () => `\`\`\`text\n${usual}\n\`\`\``),
  )
}
