import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { randomOf } from '../bench/example.ts'
import { parseRecord } from '../src/decision/record.ts'
import { openCheckpoint } from '../src/log/checkpoint.ts'
import { diskFiles } from '../src/log/disk-files.ts'
import { sidecarsFrom } from '../src/log/journal.ts'
import { publicKeysOf } from '../src/log/log-directory.ts'
import { parseEntries, printTile } from '../src/log/tile.ts'
import { below } from './chance.ts'
import { EXAMPLE_DIR } from './example-world.ts'
import { PlainTree } from './plain-tree.ts'
import { spawnProviso } from './proviso.ts'

// `proviso serve` under load, killed again and again: what it answered is in its logs, and no checkpoint that it
// served was of another tree or went back.

const KILLS = process.env['PROVISO_SOAK'] === undefined ? 10 : 100
const SEED = Number(process.env['PROVISO_SEED'] ?? Date.now() % 2 ** 31)

/** How many ask at once. */
const ASKING = 4

/** Longest that a server is under load before it is killed, in milliseconds. */
const LIFE_MS_MAX = 500

const LOGS = {
  'decisions-main-1': 'localhost/decisions/main/1',
  governance: 'localhost/governance',
} as const
type LogName = keyof typeof LOGS

const DECISIONS: LogName = 'decisions-main-1'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-kill-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const ANSWER_TIME = '2026-03-02T09:00:00Z'
const ARGS = ['serve', EXAMPLE_DIR, '--unsigned', '--json', '--port', '0', '--clock', ANSWER_TIME]

interface Server {
  readonly address: string
  /** Ends it, and comes back when it has. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
}

async function started(): Promise<Server> {
  const child = spawnProviso([...ARGS, '--log', join(TEMP, 'log')])
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close').then(([code]) => code as number | null)
  const first = await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), exit])
  if (!Array.isArray(first)) throw new Error(`PROVISO_SEED=${SEED}: not started: ${stderr}`)
  const { address } = JSON.parse(String(first[0])) as { readonly address: string }
  return {
    address,
    end: (signal): Promise<number | null> => {
      child.kill(signal)
      return exit
    },
  }
}

/** What was answered, by the record's place in the log: a mark that the payload has to hold. */
const answered = new Map<number, string>()

/** Every checkpoint that was served, in order. */
const served: Record<LogName, string[]> = { 'decisions-main-1': [], governance: [] }

let asked = 0

async function ask(address: string): Promise<void> {
  asked += 1
  const mark = `nobody/asked-${asked}`
  const body = JSON.stringify({
    subject: { type: 'deployment', id: mark },
    action: { name: 'surveillance.intelligence-analysis' },
    resource: { type: 'model', id: 'example-sonnet-20250514' },
  })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${address}/access/v1/evaluation`, { method: 'POST', headers, body })
  const { context } = (await answer.json()) as { readonly context: { readonly record?: string } }
  const [, index] = /^main-1\/(\d+)$/.exec(context.record ?? '') ?? []
  expect(index, JSON.stringify(context)).toBeDefined()
  expect(answered.has(Number(index)), `record ${index} was answered twice`).toBe(false)
  answered.set(Number(index), mark)
}

async function look(address: string): Promise<void> {
  for (const log of Object.keys(LOGS) as LogName[]) {
    const answer = await fetch(`${address}/log/${log}/checkpoint`)
    if (answer.ok) served[log].push(await answer.text())
  }
  await wait(5)
}

/** Does something again and again until the server is gone. */
async function untilGone(act: (address: string) => Promise<void>, address: string): Promise<void> {
  try {
    for (;;) await act(address)
  } catch (error) {
    // What a connection to a server throws that has been killed.
    const { cause, message } = error as Error
    const isGone = error instanceof TypeError && (cause !== undefined || message === 'terminated')
    if (!isGone) throw error
  }
}

async function killUnderLoad(afterMs: number): Promise<void> {
  const { address, end } = await started()
  const asking = Array<typeof ask>(ASKING).fill(ask)
  const load = Promise.all([look, ...asking].map((act) => untilGone(act, address)))
  await Promise.race([wait(afterMs), load])
  await end('SIGKILL')
  await load
}

/** A log that nobody writes to any more, and its checkpoint. */
async function treeOnDisk(
  log: LogName,
): Promise<{ readonly tree: PlainTree; readonly size: number }> {
  const files = diskFiles(join(TEMP, 'log', log))
  const size = await checkedSize(
    log,
    Buffer.from((await files.read('checkpoint')) ?? '').toString(),
  )
  const tree = new PlainTree()
  for (const tile of tree.tilesAt(size)) {
    if (tile.level !== 'entries') continue
    const entries = parseEntries((await files.read(printTile(tile))) ?? Buffer.of(), tile.width)
    if (!entries.ok) throw new Error(`${log}, ${printTile(tile)}: ${entries.error.message}`)
    tree.entries.push(...entries.value)
  }
  for (const tile of tree.tilesAt(size)) {
    const bytes = await files.read(printTile(tile))
    expect(bytes && tree.tile(tile).equals(bytes), printTile(tile)).toBe(true)
  }
  return { tree, size }
}

async function checkedSize(log: LogName, note: string, tree?: PlainTree): Promise<number> {
  const keys = publicKeysOf(join(TEMP, 'log')).logs
  const opened = await openCheckpoint(note, LOGS[log], keys)
  if (!opened.ok) throw new Error(`${log}: ${opened.error.message}`)
  const { size, root } = opened.value
  if (tree) expect(tree.rootAt(size).equals(root), `${log} at ${size}`).toBe(true)
  return size
}

test('what a server answered is in its log, however often it is killed', async () => {
  const random = randomOf(SEED)
  for (let kills = 0; kills < KILLS; kills++) await killUnderLoad(below(random, LIFE_MS_MAX))
  expect(await (await started()).end('SIGTERM')).toBe(0)

  for (const log of Object.keys(LOGS) as LogName[]) {
    const { tree, size } = await treeOnDisk(log)
    let before = 0
    for (const note of new Set(served[log])) {
      const next = await checkedSize(log, note, tree)
      expect(next, `PROVISO_SEED=${SEED}: ${log} after ${before}`).toBeGreaterThanOrEqual(before)
      before = next
    }
    expect(size).toBeGreaterThanOrEqual(before)
    if (log === DECISIONS) await checkAnswers(tree)
  }
  // It was under load, and not merely started.
  expect(answered.size).toBeGreaterThan(KILLS)
})

async function checkAnswers({ entries }: PlainTree): Promise<void> {
  const payloads = new Map<number, string>()
  for await (const { index, frame } of sidecarsFrom(diskFiles(join(TEMP, 'log', DECISIONS)), 0)) {
    payloads.set(index, Buffer.from(frame.sidecar).toString('latin1'))
  }
  for (const [index, mark] of answered) {
    const [customer, deployment] = mark.split('/')
    const record = parseRecord(entries[index] ?? Buffer.of())
    expect(record, `PROVISO_SEED=${SEED}: record ${index}`).toMatchObject({
      ok: true,
      value: { sequence: index, outcome: 'deny' },
    })
    expect(payloads.get(index)).toContain(`"customer":"${customer}","deployment":"${deployment}"`)
  }
}
