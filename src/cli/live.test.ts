import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { EXAMPLE_DIR } from '../../test/example-world.ts'
import { jsonLines, proviso, spawnProviso } from '../../test/proviso.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-live-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

type Child = ReturnType<typeof spawnProviso>
const running = new Set<Child>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

let copies = 0

/** The example's documents without the cases, to be changed. */
function copyOfExample(): string {
  const dir = join(TEMP, `copy-${copies++}`)
  cpSync(EXAMPLE_DIR, dir, { recursive: true })
  rmSync(join(dir, 'tests'), { recursive: true })
  return dir
}

/** Below the ports that the system gives to clients. */
let nextPort = 22_000 + (process.pid % 3_000)

interface Server {
  readonly child: Child
  readonly address: string
  /** Log lines so far. */
  readonly log: () => Record<string, unknown>[]
}

async function serve(...args: readonly string[]): Promise<Server> {
  const child = spawnProviso(['serve', ...args, '--json', '--port', `${nextPort++}`])
  running.add(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'close')])) as [
    unknown,
  ]
  if (!(first instanceof Buffer)) throw new Error(`it did not start: ${stderr}`)
  const { address } = JSON.parse(first.toString()) as { address: string }
  const log = (): Record<string, unknown>[] =>
    jsonLines(
      stderr
        .slice(0, stderr.lastIndexOf('\n') + 1)
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .join('\n'),
    )
  return { child, address, log }
}

/** Waits until something is so, or fails. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it never became so')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const QUESTION = {
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}

const JSON_TYPE = { 'content-type': 'application/json' }

async function isAllowed({ address }: Server, headers: object = {}): Promise<unknown> {
  const answer = await fetch(`${address}/access/v1/evaluation`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(QUESTION),
  })
  const body = (await answer.json()) as { decision?: boolean }
  return answer.ok ? body.decision : answer.status
}

async function ready({ address }: Server): Promise<Record<string, unknown>> {
  return (await (await fetch(`${address}/readyz`)).json()) as Record<string, unknown>
}

async function isCurrent(server: Server): Promise<boolean> {
  return (await ready(server))['current'] === true
}

function edit(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(from)
  writeFileSync(file, text.replace(from, to))
}

const CLOCK = ['--unsigned', '--clock', '2026-03-02T09:00:00Z']

test('a changed contract is served, a wrong one is not, and what was in use stays', async () => {
  const dir = copyOfExample()
  const server = await serve(dir, ...CLOCK)
  const contract = join(dir, 'contracts/osint-2026.yaml')
  const before = await ready(server)
  expect(await isAllowed(server)).toBe(true)

  edit(contract, 'state: in_force', 'state: suspended')
  await until(async () => (await isAllowed(server)) === false)
  const suspended = await ready(server)
  expect(suspended['bundle']).not.toBe(before['bundle'])

  edit(contract, 'state: suspended', 'state: in force')
  await until(async () => !(await isCurrent(server)))
  expect((await ready(server))['bundle']).toBe(suspended['bundle'])
  expect(server.log().at(-1)).toMatchObject({
    event: 'bundle-refused',
    problems: [{ file: 'contracts/osint-2026.yaml', code: 'unknown-state' }],
  })

  // Another file that is right does not bring in the one that is wrong, nor is it taken without it.
  edit(join(dir, 'contracts/cables-2026.yaml'), 'state: in_force', 'state: terminated')
  await until(() => server.log().filter(({ event }) => event === 'bundle-refused').length === 2)
  expect((await ready(server))['bundle']).toBe(suspended['bundle'])

  edit(contract, 'state: in force', 'state: in_force')
  edit(join(dir, 'contracts/cables-2026.yaml'), 'state: terminated', 'state: in_force')
  await until(async () => (await ready(server))['bundle'] === before['bundle'])
  expect(await isAllowed(server)).toBe(true)
  expect(await isCurrent(server)).toBe(true)

  rmSync(contract)
  await until(async () => (await isAllowed(server)) === false)
})

test('a changed policy is compiled anew, and a directory that is swapped by a link is noticed', async () => {
  const [first, second] = [copyOfExample(), copyOfExample()]
  edit(join(second, 'policy.yaml'), /^title: .*$/m, 'title: Another title')
  edit(join(second, 'contracts/osint-2026.yaml'), 'state: in_force', 'state: suspended')
  const link = join(TEMP, 'current')
  symlinkSync(first, link)
  const server = await serve(link, ...CLOCK)
  expect(await isAllowed(server)).toBe(true)
  symlinkSync(second, `${link}.next`)
  renameSync(`${link}.next`, link)
  await until(async () => (await isAllowed(server)) === false)

  edit(join(second, 'policy.yaml'), /^format: .*$/m, 'format: nonsense')
  await until(async () => !(await isCurrent(server)))
  expect(await isAllowed(server)).toBe(false)
})

test('a bundle file that is replaced is served', async () => {
  const dir = copyOfExample()
  const bundle = join(TEMP, 'example.bundle')
  await proviso(['compile', dir, '-o', bundle, '--serial', '2'])
  const server = await serve(bundle, ...CLOCK)
  edit(join(dir, 'contracts/osint-2026.yaml'), 'state: in_force', 'state: suspended')
  await proviso(['compile', dir, '-o', bundle, '--serial', '3'])
  await until(async () => (await isAllowed(server)) === false)
  expect(await ready(server)).toMatchObject({ serial: 3, current: true })

  edit(join(dir, 'contracts/osint-2026.yaml'), 'state: suspended', 'state: in_force')
  await proviso(['compile', dir, '-o', bundle, '--serial', '2'])
  await until(async () => !(await isCurrent(server)))
  expect(server.log().at(-1)).toMatchObject({ problems: [{ code: 'older-serial' }] })
  expect(await isAllowed(server)).toBe(false)
})

/** A publisher's keys, a key for an enforcement point, and a signed directory. */
async function published(): Promise<{ dir: string; args: string[]; sign: string[]; key: string }> {
  const dir = copyOfExample()
  const path = (name: string): string => `${dir}.${name}`
  await proviso(['keygen', path('key'), '--name', 'example.com'])
  const sign = ['sign', dir, '--key', path('key')]
  expect(await proviso(sign)).toMatchObject({ code: 0 })
  const add = [
    'key',
    'add',
    path('keys'),
    '--id',
    'gateway',
    '--customer',
    'ministry-of-assessment',
  ]
  const added = await proviso([...add, '--json'])
  const { key } = JSON.parse(added.stdout) as { key: string }
  const args = [dir, '--publisher', path('key.pub'), '--log', path('log'), '--keys', path('keys')]
  return { dir, args, sign, key }
}

test('a signed directory is served to who has a key, and changes only with a new signature', async () => {
  const { dir, args, sign, key } = await published()
  const server = await serve(...args)
  const bearer = { authorization: `Bearer ${key}` }
  expect(await isAllowed(server)).toBe(401)
  expect(typeof (await isAllowed(server, bearer))).toBe('boolean')
  const before = await ready(server)
  expect(before['serial']).toBe(1)
  const old = readFileSync(join(dir, 'publisher.sig'), 'utf8')

  edit(join(dir, 'contracts/osint-2026.yaml'), 'state: in_force', 'state: terminated')
  await until(async () => !(await isCurrent(server)))
  expect(server.log().at(-1)).toMatchObject({ problems: [{ code: 'signature-of-others' }] })
  expect((await ready(server))['bundle']).toBe(before['bundle'])

  await proviso([...sign, '--valid-until', '2026-01-01T00:00:00Z'])
  await until(() => isCurrent(server))
  expect(await ready(server)).toMatchObject({ serial: 2, stale: true })

  edit(join(dir, 'contracts/osint-2026.yaml'), 'state: terminated', 'state: in_force')
  writeFileSync(join(dir, 'publisher.sig'), old)
  await until(() => server.log().at(-1)?.['event'] === 'bundle-refused')
  await until(() => JSON.stringify(server.log().at(-1)).includes('older-serial'))
  expect(await ready(server)).toMatchObject({ serial: 2 })

  // Nor does a server that is started again take what is older.
  server.child.kill('SIGKILL')
  await once(server.child, 'close')
  const { code, stderr } = await proviso(['serve', ...args])
  expect([code, stderr]).toEqual([1, expect.stringContaining('serial 1 is older than 2')])
})

test('keys that are added, replaced and revoked are so for a running server', async () => {
  const { args, key } = await published()
  const server = await serve(...args)
  const file = args.at(-1) ?? ''
  const asks = (text: string): Promise<unknown> =>
    isAllowed(server, { authorization: `Bearer ${text}` })
  const rotate = ['key', 'rotate', file, '--from', 'gateway', '--id', 'gateway-2']
  const { stdout } = await proviso([...rotate, '--overlap', 'P0D', '--json'])
  const next = (JSON.parse(stdout) as { key: string }).key
  await until(async () => typeof (await asks(next)) === 'boolean')
  expect(await asks(key)).toBe(401)
  await proviso(['key', 'revoke', file, '--id', 'gateway-2'])
  await until(async () => (await asks(next)) === 401)
  const listed = await proviso(['key', 'list', file])
  expect(listed.stdout).toMatch(
    /^gateway: enforcement-point for ministry-of-assessment, 10000 a second, ends \S+\n$/,
  )
  expect(listed.stdout).not.toContain(key)
  // A file that is damaged lets nobody new in, and nobody out.
  writeFileSync(file, '{')
  await until(() => server.log().at(-1)?.['event'] === 'file-refused')
})

test('with a certificate it answers over TLS alone', async () => {
  const [cert, tlsKey] = [join(TEMP, 'cert.pem'), join(TEMP, 'tls-key.pem')]
  const openssl =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'
  execFileSync('openssl', [...openssl.split(' '), '-keyout', tlsKey, '-out', cert], {
    stdio: 'ignore',
  })
  const { address } = await serve(EXAMPLE_DIR, ...CLOCK, '--tls-cert', cert, '--tls-key', tlsKey)
  expect(address).toMatch(/^https:/)
  const agent = new Agent({ ca: readFileSync(cert), servername: 'localhost' })
  const asked = httpsRequest(`${address}/access/v1/evaluation`, {
    method: 'POST',
    headers: JSON_TYPE,
    agent,
  })
  asked.end(JSON.stringify(QUESTION))
  const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream]
  let body = ''
  for await (const part of answer) body += String(part)
  expect(JSON.parse(body)).toMatchObject({ decision: true })
  await expect(fetch(address.replace('https', 'http'))).rejects.toThrow()
})

test('what may not begin says why in one sentence', async () => {
  const { dir, args, key } = await published()
  const [, , publisher = ''] = args
  const keys = args.at(-1) ?? ''
  const open = join(TEMP, 'open.keys')
  writeFileSync(open, readFileSync(keys))
  chmodSync(open, 0o644)
  const pem = join(TEMP, 'no.pem')
  writeFileSync(pem, 'no certificate')
  const unsigned = copyOfExample()
  const refused: readonly (readonly [string[], number, string | RegExp])[] = [
    [[dir, '--publisher', publisher], 2, '--keys FILE'],
    [[dir, '--publisher', publisher, '--unsigned'], 2, 'not both'],
    [[dir, '--publisher', publisher, '--keys', keys], 2, '--log DIR'],
    [[dir, '--publisher', `${dir}.key`, '--keys', keys], 2, 'no public key'],
    [[dir, '--publisher', `${dir}.nothing`, '--keys', keys], 2, 'no file'],
    [[...args, '--clock', '2026-03-02T09:00:00Z'], 2, '--clock goes only with --unsigned'],
    [[...args, '--host', '0.0.0.0'], 2, 'beyond loopback'],
    [[...args, '--tls-cert', pem], 2, 'go together'],
    [[...args, '--tls-cert', pem, '--tls-key', pem], 2, 'no certificate and its key'],
    [[...args.slice(0, -1), open], 2, 'may be read by others (mode 644)'],
    [[...args.slice(0, -1), pem], 2, 'may be read by others'],
    [[...args.slice(0, -1), join(TEMP, 'none')], 2, 'no file'],
    [[unsigned, ...args.slice(1)], 1, 'there is no publisher.sig'],
  ]
  for (const [all, code, why] of refused) {
    const ran = await proviso(['serve', ...all])
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([
      code,
      '',
      expect.stringContaining(`${why}`),
    ])
    expect(ran.stderr).not.toMatch(/\bat .*\.ts:\d/)
    expect(ran.stderr).not.toContain(key)
  }
})
