import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { type Bytes, base64Of, bytesOf, equalBytes, hexOf } from '../src/bytes.ts'
import { type OpenCheckpoint, openCheckpoint } from '../src/log/checkpoint.ts'
import { printVerifier } from '../src/log/key.ts'
import { signNote } from '../src/log/signer.ts'
import { sha256 } from '../src/log/web-crypto.ts'
import { printAddCheckpoint } from '../src/log/witness.ts'
import { type GrowingLog, growingLog, logLine } from './growing-log.ts'
import { proviso } from './proviso.ts'
import {
  type RunningWitness,
  startWitness,
  type WitnessFiles,
  witnessFiles,
} from './running-witness.ts'

// A witness as a process: what it answers over HTTP, and what is on the disk whatever happens to it.

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-witness-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const running = new Set<RunningWitness>()
afterEach(() => {
  for (const witness of running) witness.kill('SIGKILL')
  running.clear()
})

const ORIGIN = 'log.example'
const log = growingLog(ORIGIN)

function filesFor(...logs: readonly GrowingLog[]): WitnessFiles {
  const trust = `${logs.map(logLine).join('')}quorum none\n`
  return witnessFiles(mkdtempSync(join(TEMP, 'witness-')), 'witness.example', trust)
}

async function started(files: WitnessFiles): Promise<RunningWitness> {
  const witness = await startWitness(files)
  running.add(witness)
  return witness
}

interface Answer {
  readonly status: number
  readonly type: string | null
  readonly text: string
}

async function post(address: string, body: Bytes | string): Promise<Answer> {
  const answer = await fetch(`${address}/add-checkpoint`, { method: 'POST', body })
  const type = answer.headers.get('content-type')
  return { status: answer.status, type, text: await answer.text() }
}

function growth(from: number, to: number, history?: string): Bytes {
  const path = log.proof(from, to, history)
  return printAddCheckpoint({ oldSize: from, path, note: log.noteAt(to, history) })
}

async function latest(
  address: string,
  origin: string,
  { signer }: WitnessFiles,
): Promise<OpenCheckpoint> {
  const hash = hexOf(await sha256(bytesOf(origin)))
  const answer = await fetch(`${address}/${hash}/checkpoint`)
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  const keys = [growingLog(origin).signer.verifier, signer.verifier]
  const opened = await openCheckpoint(await answer.text(), origin, keys)
  if (!opened.ok) throw new Error(opened.error.message)
  expect(opened.value.signed.map(({ key }) => key)).toEqual(keys)
  return opened.value
}

test('a log that only grows is cosigned, and monitors see what was', async () => {
  const files = filesFor(log)
  const { address, announced, kill, exit } = await started(files)
  const witness = printVerifier(files.signer.verifier)
  expect(announced).toEqual({ address, witness, logs: 1, cosigned: 0 })
  const hash = hexOf(await sha256(bytesOf(ORIGIN)))
  expect((await fetch(`${address}/${hash}/checkpoint`)).status).toBe(404)
  const first = await post(address, growth(0, 4))
  expect(first).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' })
  const keys = [log.signer.verifier, files.signer.verifier]
  const cosigned = await openCheckpoint(log.noteAt(4) + first.text, ORIGIN, keys)
  const signed = [{ timestamp: 0 }, { key: files.signer.verifier }]
  expect(cosigned).toMatchObject({ ok: true, value: { size: 4, signed } })
  expect((await post(address, growth(4, 9))).status).toBe(200)
  expect(await latest(address, ORIGIN, files)).toMatchObject({ size: 9, root: log.rootAt(9) })
  kill('SIGTERM')
  expect(await exit).toEqual({ code: 0, stderr: '' })
  const again = await started(files)
  expect(again.announced).toMatchObject({ logs: 1, cosigned: 1 })
  expect(await latest(again.address, ORIGIN, files)).toMatchObject({ size: 9 })
})

test('every refusal has the status of the specification', async () => {
  const { address } = await started(filesFor(log))
  expect((await post(address, growth(0, 7))).status).toBe(200)
  const empty = signNote(`${ORIGIN}\n0\n${base64Of(new Uint8Array(32))}\n`, log.signer)
  const stranger = growingLog('stranger.example').noteAt(1)
  const unsigned = log.noteAt(9).replace('\n9\n', '\n8\n')
  const asked: readonly [Bytes | string, number][] = [
    ['', 400],
    [printAddCheckpoint({ oldSize: 9, path: [], note: log.noteAt(8) }), 400],
    [printAddCheckpoint({ oldSize: 7, path: [], note: unsigned }), 403],
    [printAddCheckpoint({ oldSize: 0, path: [], note: stranger }), 404],
    [printAddCheckpoint({ oldSize: 0, path: [], note: empty }), 409],
    [printAddCheckpoint({ oldSize: 7, path: [], note: log.noteAt(9) }), 422],
    [growth(7, 7, 'b'), 422],
    ['x'.repeat(65_537), 413],
  ]
  for (const [body, status] of asked) {
    const answer = await post(address, body)
    expect(answer.status).toBe(status)
    if (status !== 409) expect(answer.text).toMatch(/^[^\n]+\n$/)
  }
  const conflict = { status: 409, type: 'text/x.tlog.size', text: '7\n' }
  expect(await post(address, growth(5, 9))).toEqual(conflict)
  expect((await fetch(`${address}/add-checkpoint`)).status).toBe(404)
  expect((await fetch(`${address}/`)).status).toBe(404)
})

test('a log that signs two roots at one size is told of once', async () => {
  const { address, kill, exit } = await started(filesFor(log))
  await post(address, growth(0, 7))
  for (let i = 0; i < 3; i++) expect((await post(address, growth(7, 7, 'b'))).status).toBe(422)
  kill('SIGTERM')
  const lines = (await exit).stderr.split('\n').filter((line) => line !== '')
  expect(lines).toHaveLength(1)
  const told = { event: 'two-roots', origin: ORIGIN, request: `old 7\n\n${log.noteAt(7, 'b')}` }
  expect(JSON.parse(lines[0] ?? '')).toMatchObject(told)
})

test('of two trees of one size that race, one is cosigned and never the other', async () => {
  const logs = Array.from({ length: 30 }, (_, i) => growingLog(`race.example/${i}`))
  const files = filesFor(...logs)
  const { address } = await started(files)
  const statuses = logs.map(async (racing, i) => {
    const body = (history: string, oldSize: number): Bytes =>
      printAddCheckpoint({ oldSize, path: [], note: racing.noteAt(8, history) })
    const both = await Promise.all([post(address, body('a', 0)), post(address, body('b', 0))])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    const [won, lost] = both[0].status === 200 ? ['a', 'b'] : ['b', 'a']
    expect((await post(address, body(lost ?? '', 8))).status).toBe(422)
    expect((await post(address, body(won ?? '', 8))).status).toBe(200)
    const { size, root } = await latest(address, `race.example/${i}`, files)
    expect([size, root]).toEqual([8, racing.rootAt(8, won)])
  })
  await Promise.all(statuses)
})

/** How often a witness is killed: at another moment each time. */
const KILLS = process.env['PROVISO_SOAK'] === undefined ? 6 : 40

test('every cosignature that was answered is kept, whenever the witness is killed', async () => {
  const files = filesFor(log)
  let [size, answered] = [0, 0]
  for (let i = 0; i < KILLS; i++) {
    const { address, kill, exit } = await started(files)
    const timer = setTimeout(() => kill('SIGKILL'), 10 + ((i * 37) % 150))
    for (let isAlive = true; isAlive; size++) {
      // Two that ask at once, so that one may be killed while the other is answered.
      const asked = [0, 1].map(async () => {
        const { status } = await post(address, growth(size, size + 1))
        if (status === 200) answered = size + 1
      })
      isAlive = (await Promise.allSettled(asked)).every(({ status }) => status === 'fulfilled')
    }
    await exit
    clearTimeout(timer)
    // What was not answered may be there or not.
    const again = await started(files)
    size = again.announced['cosigned'] === 0 ? 0 : await keptSize(again.address)
    expect(size).toBeGreaterThanOrEqual(answered)
    again.kill('SIGKILL')
    await again.exit
  }
  expect(answered).toBeGreaterThan(0)

  async function keptSize(address: string): Promise<number> {
    const kept = await latest(address, ORIGIN, files)
    expect(equalBytes(kept.root, log.rootAt(kept.size))).toBe(true)
    return kept.size
  }
})

test('a witness whose state cannot be written gives no cosignature, and ends', async () => {
  const files = filesFor(log)
  const { address, exit } = await started(files)
  rmSync(files.state, { recursive: true })
  expect(await post(address, growth(0, 3))).toMatchObject({
    status: 500,
    text: 'internal error\n',
  })
  const { code, stderr } = await exit
  expect(code).toBe(2)
  expect(stderr).toMatch(/\nproviso: no directory [^\n]*; make it, or name another\n$/)
})

test('a key of a witness signs nothing else, and no other key cosigns', async () => {
  const path = (name: string): string => join(TEMP, name)
  const made = await proviso(['keygen', path('w'), '--name', 'w.example', '--witness', '--json'])
  const { verifier } = JSON.parse(made.stdout) as { verifier: string }
  expect(verifier).toMatch(/^w\.example\+[0-9a-f]{8}\+B/)
  expect(readFileSync(path('w.pub'), 'utf8')).toBe(`${verifier}\n`)
  expect(statSync(path('w')).mode & 0o777).toBe(0o600)
  await proviso(['keygen', path('p'), '--name', 'p.example'])
  const runs = await Promise.all([
    proviso(['sign', TEMP, '--key', path('w')]),
    proviso(['serve', TEMP, '--publisher', path('w.pub'), '--keys', path('none')]),
    proviso(['witness', TEMP, '--key', path('p'), '--trust', filesFor(log).args[4] ?? '']),
  ])
  expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual([
    [
      2,
      `proviso: ${path('w')} is no key that signs; make one with \`proviso keygen FILE --name NAME\`\n`,
    ],
    [
      2,
      `proviso: ${path('w.pub')} is no key that signs; make one with \`proviso keygen FILE --name NAME\`\n`,
    ],
    [
      2,
      `proviso: ${path('p')} is no key that cosigns; make one with \`proviso keygen FILE --name NAME --witness\`\n`,
    ],
  ])
})

test('a witness that may not start says why', async () => {
  const files = filesFor(log)
  const [state = '', , key = '', , trust = ''] = files.args
  const { address } = await started(files)
  const port = new URL(address).port
  const other = filesFor(log)
  const file = (name: string, content: string, mode = 0o644): string => {
    const path = join(TEMP, name)
    writeFileSync(path, content, { mode })
    return path
  }
  const readable = file('readable', readFileSync(key, 'utf8'))
  const noLogs = file('no-logs', 'quorum none\n')
  const wrongTrust = file('wrong-trust', 'log x\n')
  const corrupt = filesFor(log)
  const name = hexOf(await sha256(bytesOf(ORIGIN)))
  writeFileSync(join(corrupt.state, name), log.noteAt(3))
  const run = (...args: readonly string[]): ReturnType<typeof proviso> =>
    proviso(['witness', ...args])
  const runs = await Promise.all([
    run(...files.args, '--port', '0'),
    run(...other.args, '--port', port),
    run(...corrupt.args, '--port', '0'),
    run(...files.args, '--host', '0.0.0.0'),
    run(state, '--trust', trust),
    run(state, '--key', key),
    run(join(TEMP, 'none'), '--key', key, '--trust', trust),
    run(state, '--key', readable, '--trust', trust),
    run(state, '--key', key, '--trust', noLogs),
    run(state, '--key', key, '--trust', wrongTrust),
    run(...files.args, '--port', '65536'),
    run(),
  ])
  for (const { code, stdout } of runs) expect([code, stdout]).toEqual([2, ''])
  expect(runs.map(({ stderr }) => stderr)).toEqual([
    `proviso: another witness runs on ${state}; stop it first\n`,
    `proviso: port ${port} of 127.0.0.1 is taken; say another one with --port\n`,
    `proviso: ${corrupt.state}: \`${name}\` does not say what this witness has cosigned of \`${ORIGIN}\`: witness.example has not cosigned it; put the file back as it was, or begin anew with another key and an empty directory\n`,
    'proviso: 0.0.0.0 is beyond loopback: have a proxy end TLS, and say --behind-proxy\n',
    'proviso: say with which key to cosign: --key FILE\n',
    'proviso: say which logs to witness: --trust FILE\n',
    `proviso: no directory ${join(TEMP, 'none')}; make it, empty, for a witness that begins\n`,
    `proviso: ${readable} may be read by others (mode 644); run \`chmod 600 ${readable}\`\n`,
    `proviso: ${noLogs} names no log; add a line \`log <vkey>\`\n`,
    `proviso: ${wrongTrust}: line 1: \`x\` is no key of a log\n`,
    'proviso: --port 65536 is over 65535\n',
    expect.stringMatching(/^proviso: usage: proviso witness STATE_DIR [^\n]*\n$/),
  ])
})
