import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { growingLog, logLine } from '../../test/growing-log.ts'
import { bytesOf, hexOf } from '../bytes.ts'
import { diskFiles } from './disk-files.ts'
import type { LogFiles } from './files.ts'
import { openNote, printSignature } from './note.ts'
import { cosign, signerOf } from './signer.ts'
import { parseTrust } from './trust.ts'
import { sha256 } from './web-crypto.ts'
import { printAddCheckpoint } from './witness.ts'
import { WitnessState } from './witness-state.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-witness-state-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const log = growingLog('log.example')
const quiet = growingLog('quiet.example')
const signer = signerOf('witness.example', Buffer.alloc(32, 1), 'cosignature')
const parsed = await parseTrust(`${logLine(log)}${logLine(quiet)}quorum none\n`)
if (!parsed.ok) throw new Error(parsed.error.message)
const trust = parsed.value
const FILE = hexOf(await sha256(bytesOf('log.example')))

function newDirectory(): string {
  return mkdtempSync(join(TEMP, 'state-'))
}

const NOW = Date.UTC(2026, 2, 2, 9)

async function stateIn(
  directory: string,
  { files = diskFiles(directory), clock = (): number => NOW } = {},
): Promise<WitnessState> {
  const opened = await WitnessState.open({ files, signer, trust, clock })
  if (!opened.ok) throw new Error(opened.error.message)
  return opened.value
}

function growth(from: number, to: number, history?: string): Uint8Array {
  const path = log.proof(from, to, history)
  return printAddCheckpoint({ oldSize: from, path, note: log.noteAt(to, history) })
}

/** When the latest checkpoint says that it was cosigned, once log and witness are seen to have signed it. */
async function timestampOf(state: WitnessState): Promise<number | undefined> {
  const keys = [log.signer.verifier, signer.verifier]
  const opened = await openNote(state.checkpointOf(FILE) ?? '', keys)
  if (!opened.ok) throw new Error(opened.error.message)
  expect(opened.value.signed.map(({ key }) => key)).toEqual(keys)
  return opened.value.signed[1]?.timestamp
}

test('what was cosigned is there for monitors, and after a restart', async () => {
  const directory = newDirectory()
  const state = await stateIn(directory)
  expect(state.counts).toEqual({ logs: 2, cosigned: 0 })
  expect(state.checkpointOf(FILE)).toBeUndefined()
  expect(await state.add(growth(0, 3))).toMatchObject({ ok: true })
  const second = await state.add(growth(3, 7))
  const again = await stateIn(directory)
  expect(again.counts).toEqual({ logs: 2, cosigned: 1 })
  expect(again.checkpointOf(FILE)).toBe(state.checkpointOf(FILE))
  expect(second).toEqual({
    ok: true,
    value: again
      .checkpointOf(FILE)
      ?.split(/(?<=\n)/)
      .at(-1),
  })
  expect(await timestampOf(again)).toBe(NOW / 1_000)
  const refused = { ok: false, error: { code: 'other-old-size', latestSize: 7 } }
  expect(await again.add(growth(0, 3))).toMatchObject(refused)
  expect(readdirSync(directory)).toEqual([FILE])
})

test('a clock that goes back makes no cosignature older than the one before', async () => {
  const directory = newDirectory()
  await (await stateIn(directory)).add(growth(0, 3))
  const state = await stateIn(directory, { clock: () => 0 })
  await state.add(growth(3, 7))
  expect(await timestampOf(state)).toBe(NOW / 1_000)
  const first = await stateIn(newDirectory(), { clock: () => 0 })
  await first.add(growth(0, 3))
  expect(await timestampOf(first)).toBe(1)
})

const note = log.noteAt(3)
const text = note.slice(0, note.lastIndexOf('\n\n') + 1)
const own = printSignature(cosign(signer, text, 5))
const stranger = signerOf('witness.example', Buffer.alloc(32, 2), 'cosignature')
const quietNote = quiet.noteAt(3)
const quietText = quietNote.slice(0, quietNote.lastIndexOf('\n\n') + 1)

test.each([
  ['empty', ''],
  ['cut off', (note + own).slice(0, -9)],
  ['not UTF-8', Buffer.from([0xff])],
  ['not cosigned', note],
  ['cosigned by another witness', note + printSignature(cosign(stranger, text, 5))],
  ['another text than was cosigned', note.replace('\n3\n', '\n4\n') + own],
  ['another log’s', quietNote + printSignature(cosign(signer, quietText, 5))],
  ['no checkpoint', `x\n\n${printSignature(cosign(signer, 'x\n', 5))}`],
])('a witness does not start on a state file that is %s', async (_name, content) => {
  const directory = newDirectory()
  writeFileSync(join(directory, FILE), content)
  const files = diskFiles(directory)
  const opened = await WitnessState.open({ files, signer, trust, clock: () => NOW })
  const message = expect.stringMatching(new RegExp(`^\`${FILE}\` does not say .*empty directory$`))
  expect(opened).toEqual({ ok: false, error: { code: 'wrong-state', message } })
})

test('a log’s key may be replaced without what was cosigned being forgotten', async () => {
  const directory = newDirectory()
  const former = growingLog('former.example').signer
  const signed = `${text}\n${printSignature({ ...cosign(former, text, 5), name: 'log.example' })}`
  writeFileSync(join(directory, FILE), signed + own)
  const refused = { ok: false, error: { code: 'other-old-size', latestSize: 3 } }
  expect(await (await stateIn(directory)).add(growth(0, 7))).toMatchObject(refused)
})

test('requests about one log that come at once are judged one after another', async () => {
  const state = await stateIn(newDirectory())
  const sizes = Array.from({ length: 40 }, (_, i) => 6 + (i % 5))
  const answers = await Promise.all(
    sizes.map((size, i) => state.add(growth(0, size, i % 2 ? 'a' : 'b'))),
  )
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
  const codes = answers.flatMap((answer) => (answer.ok ? [] : answer.error.code))
  expect(new Set(codes)).toEqual(new Set(['other-old-size']))
})

test('requests about one log that wait are bounded, and other logs do not wait for them', async () => {
  const directory = newDirectory()
  const gate = Promise.withResolvers<void>()
  const disk = diskFiles(directory)
  const rename: LogFiles['rename'] = async (path, name) => {
    if (name === FILE) await gate.promise
    await disk.rename(path, name)
  }
  const state = await stateIn(directory, { files: { ...disk, rename } })
  let answered = 0
  const asked = Array.from({ length: 66 }, () => state.add(growth(0, 3)).finally(() => answered++))
  expect(await Promise.race(asked)).toMatchObject({ ok: false, error: { code: 'busy' } })
  // Signatures are checked side by side: the second may be behind, and would find room once the gate is open.
  await expect.poll(() => answered, { timeout: 30_000 }).toBe(2)
  const beside = { oldSize: 0, path: [], note: quiet.noteAt(1) }
  expect(await state.add(printAddCheckpoint(beside))).toMatchObject({ ok: true })
  gate.resolve()
  const codes = (await Promise.all(asked)).map((answer) => (answer.ok ? 'ok' : answer.error.code))
  expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
  expect(codes.filter((code) => code === 'busy')).toHaveLength(2)
  expect(await state.add(growth(3, 7))).toMatchObject({ ok: true })
})

test('who sends a checkpoint again within a second keeps no disk busy', async () => {
  const directory = newDirectory()
  let now = NOW
  let renames = 0
  const disk = diskFiles(directory)
  const rename: LogFiles['rename'] = async (path, name) => {
    renames++
    await disk.rename(path, name)
  }
  const state = await stateIn(directory, { files: { ...disk, rename }, clock: () => now })
  const first = await state.add(growth(0, 3))
  now += 999
  expect(await state.add(growth(3, 3))).toEqual(first)
  expect(renames).toBe(1)
  now += 1
  expect(await state.add(growth(3, 3))).not.toEqual(first)
  expect(renames).toBe(2)
})

test.each(['open', 'rename', 'syncDirectory'] as const)(
  'nothing is cosigned any more once %s has failed',
  async (call) => {
    const directory = newDirectory()
    await (await stateIn(directory)).add(growth(0, 3))
    const before = readFileSync(join(directory, FILE), 'utf8')
    const disk = diskFiles(directory)
    let fails = true
    const failing = { ...disk, [call]: brokenOnce }
    const state = await stateIn(directory, { files: failing })
    await expect(state.add(growth(3, 7))).rejects.toThrow('no space')
    expect(state.checkpointOf(FILE)).toBe(before)
    fails = false
    await expect(state.add(growth(3, 7))).rejects.toThrow('no space')

    function brokenOnce(...args: readonly string[]): unknown {
      if (fails) return Promise.reject(new Error('no space'))
      return (disk[call] as (...args: readonly string[]) => unknown)(...args)
    }
  },
)
