import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { proviso, spawnProviso } from '../../test/proviso.ts'
import { keyIn } from '../server/keys.ts'
import { readKeyring } from './key-file.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-key-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

/** How often a command is killed: at another moment each time. */
const KILLS = process.env['PROVISO_SOAK'] === undefined ? 12 : 300

test('a key that was printed is kept, whenever the process is killed', async () => {
  const file = join(TEMP, 'killed')
  const printed: string[] = []
  for (let i = 0; i < KILLS; i++) {
    const child = spawnProviso(['key', 'add', file, '--id', `k-${i}`, '--all-customers', '--json'])
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    // A command takes about a tenth of a second, most of it before it writes.
    const timer = setTimeout(() => child.kill('SIGKILL'), 60 + ((i * 17) % 120))
    await new Promise((resolve) => child.once('close', resolve))
    clearTimeout(timer)
    if (stdout.endsWith('\n')) printed.push((JSON.parse(stdout) as { key: string }).key)
    if (existsSync(file)) expect(statSync(file).mode & 0o777).toBe(0o600)
  }
  // One at least is not killed, so that the test says something on a machine of any speed.
  const last = await proviso(['key', 'add', file, '--id', 'last', '--all-customers', '--json'])
  printed.push((JSON.parse(last.stdout) as { key: string }).key)
  const keyring = readKeyring(file)
  for (const key of printed) expect(keyIn(keyring, `Bearer ${key}`, Date.now())).toBeDefined()
})

test('a key that may not be made says why', async () => {
  const file = join(TEMP, 'refused')
  const add = (...args: readonly string[]): ReturnType<typeof proviso> =>
    proviso(['key', 'add', file, ...args])
  const runs = await Promise.all([
    add('--id', 'a'),
    add('--id', 'a', '--customer', 'one', '--all-customers'),
    add('--id', 'a', '--metrics', '--all-customers'),
    add('--id', 'a', '--metrics', '--auditor'),
    add('--customer', 'one'),
    add('--id', 'A', '--customer', 'one'),
    add('--id', 'a', '--customer', 'One'),
    add('--id', 'a', '--customer', 'one', '--lifetime', 'P367D'),
    add('--id', 'a', '--customer', 'one', '--rate', '0'),
    proviso(['key', 'revoke', file, '--id', 'a']),
    proviso(['key', 'change', file]),
  ])
  for (const { code, stdout, stderr } of runs) {
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^proviso: [^\n]+\n$/)
  }
  expect(existsSync(file)).toBe(false)
})

test('what is printed goes to a file that holds the key, and a file that holds none is refused without a word of it', async () => {
  const keys = join(TEMP, 'keys')
  const printed = await proviso(['key', 'add', keys, '--id', 'a', '--register'])
  expect(printed.stderr).toMatch(/^Shown this once\. Ends at \S+\.\n$/)
  const file = join(TEMP, 'a.key')
  writeFileSync(file, printed.stdout)
  const list = (): ReturnType<typeof proviso> =>
    proviso(['case', 'list', '--server', 'http://127.0.0.1:1', '--api-key-file', file])
  expect((await list()).stderr).toMatch(/does not answer/)
  writeFileSync(file, `${printed.stdout}and more`)
  const { code, stderr } = await list()
  expect([code, stderr]).toEqual([
    2,
    `proviso: ${file} holds no API key: one line, as \`proviso key add\` prints it\n`,
  ])
})
