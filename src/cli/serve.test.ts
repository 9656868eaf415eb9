import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { bundleOf, sha256 } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { proviso, spawnProviso } from '../../test/proviso.ts'
import { printBundle } from '../decision/bundle-file.ts'

type Child = ReturnType<typeof spawnProviso>

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-serve-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const BUNDLE = join(TEMP, 'example.bundle')
writeFileSync(BUNDLE, [...printBundle(bundleOf(EXAMPLE), sha256)].join(''))

const running = new Set<Child>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

/** Below the ports that the system gives to clients; another one for each call. */
let nextPort = 26_000 + (process.pid % 4_000)

function freePort(): Promise<number> {
  const port = nextPort++
  const probe = createServer()
  return new Promise((resolve) => {
    probe.once('error', () => resolve(freePort()))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)))
  })
}

interface Serving {
  readonly child: Child
  readonly address: string
  readonly stdout: string
  readonly exit: Promise<readonly [code: number | null, stderr: string]>
}

const LAST_PRINTED = 'bin/proviso log verify'

/** Serves the example, and comes back as soon as the address is known. */
async function serving(...args: readonly string[]): Promise<Serving> {
  const port = await freePort()
  const child = spawnProviso(['serve', BUNDLE, '--unsigned', '--port', `${port}`, ...args])
  running.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close').then(([code]) => [code as number | null, stderr] as const)
  const address = `http://127.0.0.1:${port}`
  let stdout = ''
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    stdout += String(text)
    if (stdout.includes(args.includes('--json') ? '\n' : LAST_PRINTED)) break
  }
  return { child, address, stdout, exit }
}

const QUESTION = {
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}

async function decisionAt(address: string): Promise<unknown> {
  const body = JSON.stringify(QUESTION)
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${address}/access/v1/evaluation`, { method: 'POST', headers, body })
  return ((await answer.json()) as { decision: unknown }).decision
}

test('the server answers, and prints a command that asks it', async () => {
  const { address, stdout, child, exit } = await serving('--clock', '2026-03-02T09:00:00Z')
  expect(stdout).toContain(`Serving ${BUNDLE} at ${address}, sha256:`)
  expect(stdout).toContain('The clock began at 2026-03-02T09:00:00Z.')
  expect(await decisionAt(address)).toBe(true)
  const [, url = '', type = '', body = ''] =
    /^curl -s (\S+) -H 'content-type: ([^']+)' -d '([^']+)'$/m.exec(stdout) ?? []
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
  expect(await answer.json()).toMatchObject({ decision: true, context: { contract: 'osint-2026' } })
  child.kill('SIGTERM')
  const [code, stderr] = await exit
  expect(code).toBe(0)
  expect(stderr).toMatch(/^The directory is not signed: .*\n$/)
})

test('what is printed to verify with can be pasted, wherever the log is', async () => {
  const kept = join(TEMP, "the ministry's logs")
  const { stdout } = await serving('--log', kept)
  const [, word] = /^bin\/proviso log verify \S+ --trust (.*)$/m.exec(stdout) ?? []
  expect(execFileSync('sh', ['-c', `printf %s ${word}`]).toString()).toBe(join(kept, 'trust'))
  expect(stdout).not.toContain('removed')
})

test('a log of no name is said to go when the server ends', async () => {
  const { stdout } = await serving()
  expect(stdout).toContain('The log is removed when the server ends; --log DIR keeps one.')
})

test('the clock that is given decides', async () => {
  const [before, within] = await Promise.all([
    serving('--clock', '2026-01-15T12:00:00Z'),
    serving('--clock', '2026-07-30T23:59:00Z'),
  ])
  expect(await decisionAt(before.address)).toBe(false)
  expect(await decisionAt(within.address)).toBe(true)
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends the server at once and well, even as it begins',
  async (signal) => {
    const { child, exit, stdout } = await serving('--json')
    child.kill(signal)
    expect((await exit)[0]).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      address: expect.stringContaining('http://127.0.0.1:'),
    })
  },
)

test('a connection that is kept open does not keep the server from ending', async () => {
  const { address, child, exit } = await serving()
  await decisionAt(address)
  const begun = performance.now()
  child.kill('SIGTERM')
  expect((await exit)[0]).toBe(0)
  expect(performance.now() - begun).toBeLessThan(5_000)
})

test('a server whose output nobody reads any more serves on', async () => {
  const { address, child } = await serving()
  child.stdout.destroy()
  child.stderr.destroy()
  expect(await decisionAt(address)).toBe(false)
  expect(child.exitCode).toBe(null)
})

test('what may not or cannot be served is refused in one sentence', async () => {
  const port = await freePort()
  const taken = createServer().listen(port, '127.0.0.1')
  await once(taken, 'listening')
  const serve = (...args: readonly string[]): ReturnType<typeof proviso> =>
    proviso(['serve', ...args])
  const runs = await Promise.all([
    serve(BUNDLE, '--unsigned', '--port', `${port}`),
    serve(BUNDLE),
    serve(BUNDLE, '--unsigned', '--host', '0.0.0.0'),
    serve(BUNDLE, '--unsigned', '--host', '127.0.0.1.example.com'),
    serve(BUNDLE, '--unsigned', '--port', '65536'),
    serve(BUNDLE, '--unsigned', '--port', 'http'),
    serve(BUNDLE, '--unsigned', '--clock', 'noon'),
    serve('no-such-directory', '--unsigned'),
    serve('--unsigned'),
  ])
  taken.close()
  expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual(Array(9).fill([2, '']))
  expect(runs.map(({ stderr }) => stderr)).toEqual([
    `proviso: port ${port} of 127.0.0.1 is taken; say another one with --port\n`,
    `proviso: ${BUNDLE} is not signed; to try it on this machine alone, say --unsigned; otherwise name its publisher's key with --publisher FILE\n`,
    'proviso: an unsigned directory is served only on loopback, and 0.0.0.0 is not\n',
    'proviso: an unsigned directory is served only on loopback, and 127.0.0.1.example.com is not\n',
    'proviso: --port 65536 is over 65535\n',
    'proviso: --port http is no whole number\n',
    'proviso: --clock noon is no instant; write it as 2026-01-31T00:00:00Z\n',
    'proviso: no directory no-such-directory; make one with `proviso init no-such-directory`\n',
    'proviso: --unsigned and --publisher are about DIR, and none is named\n',
  ])
})

test('a directory in error is not served', async () => {
  const { code, stdout, stderr } = await proviso(['serve', TEMP, '--unsigned'])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('policy.yaml:1:1: error missing-file: there is no policy.yaml')
  expect(stderr).toMatch(/proviso: \S+ is refused: 3 errors\n$/)
})
