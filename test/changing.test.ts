import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { compileDirectory } from '../src/cli/load.ts'
import { EXAMPLE_DIR } from './example-world.ts'
import { spawnProviso } from './proviso.ts'

/** How long the load goes on, in seconds: ten minutes in `npm run soak`. */
const SECONDS = process.env['PROVISO_SOAK'] === undefined ? 5 : 600

/** How often the directory changes, in milliseconds: more often than every second where the test is short. */
const CHANGE_MS = process.env['PROVISO_SOAK'] === undefined ? 300 : 1_000

const CONNECTIONS = 8
const BATCH = 5

const DIR = join(mkdtempSync(join(tmpdir(), 'proviso-changing-')), 'example')
cpSync(EXAMPLE_DIR, DIR, { recursive: true })
rmSync(join(DIR, 'tests'), { recursive: true })
const CONTRACT = join(DIR, 'contracts/osint-2026.yaml')
const TEXT = readFileSync(CONTRACT, 'utf8')

const PORT = 20_000 + (process.pid % 900)
// Nobody reads its log, which over ten minutes is more than a pipe holds.
const server = spawnProviso([
  ...['serve', DIR, '--unsigned', '--clock', '2026-03-02T09:00:00Z'],
  ...['--json', '--port', `${PORT}`],
])
afterAll(() => {
  server.kill('SIGKILL')
  rmSync(DIR, { recursive: true })
})

/** Of no effect yet when the question is asked, but in the bundle. */
const LATER = '{ state: terminated, from: 2026-07-01T00:00:00Z }'

/** The states that the contract goes through, and whether the question is allowed in each. */
const STATES = [
  { text: TEXT, isAllowed: true },
  { text: TEXT.replace('state: in_force', 'state: suspended'), isAllowed: false },
  { text: TEXT.replace('states: [', `states: [${LATER}, `), isAllowed: true },
]
const WRONG = TEXT.replace('state: in_force', 'state: in force')

const QUESTION = {
  subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
  action: { name: 'surveillance.intelligence-analysis' },
  resource: { type: 'model', id: 'example-sonnet-20250514' },
  context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
}
const BODY = JSON.stringify({ ...QUESTION, evaluations: Array(BATCH).fill({}) })

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

function ask(): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        agent,
        port: PORT,
        host: '127.0.0.1',
        method: 'POST',
        path: '/access/v1/evaluations',
        headers: { 'content-type': 'application/json', 'content-length': BODY.length },
      },
      (answer: IncomingMessage) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer.on('end', () => resolve(`${answer.statusCode} ${text}`))
      },
    )
    asked.on('error', reject)
    asked.end(BODY)
  })
}

interface Answers {
  readonly evaluations: readonly {
    readonly decision: boolean
    readonly context: { readonly bundle: string }
  }[]
}

test('under load, while the directory changes, every answer is whole and that of the bundle it names', async () => {
  const expected = new Map<string, boolean>()
  for (const { text, isAllowed } of STATES) {
    writeFileSync(CONTRACT, text)
    expected.set(compileDirectory(DIR).digest, isAllowed)
  }
  expect(expected.size).toBe(STATES.length)
  writeFileSync(CONTRACT, TEXT)
  await once(server.stdout, 'data')

  const end = Date.now() + 1_000 * SECONDS
  let asked = 0
  const seen = new Set<string>()
  const asking = async (): Promise<void> => {
    while (Date.now() < end) {
      const text = await ask()
      expect(text.slice(0, 4)).toBe('200 ')
      const { evaluations } = JSON.parse(text.slice(4)) as Answers
      expect(evaluations).toHaveLength(BATCH)
      const [bundle = ''] = evaluations.map(({ context }) => context.bundle)
      for (const { decision, context } of evaluations) {
        expect(context.bundle).toBe(bundle)
        expect(decision).toBe(expected.get(bundle))
      }
      seen.add(bundle)
      asked++
    }
  }
  const changing = async (): Promise<void> => {
    for (let i = 0; Date.now() < end; i++) {
      // Every fourth time with a fault, which must change nothing.
      writeFileSync(CONTRACT, i % 4 === 3 ? WRONG : (STATES[i % STATES.length]?.text ?? TEXT))
      await new Promise((resolve) => setTimeout(resolve, CHANGE_MS))
    }
  }
  await Promise.all([changing(), ...Array.from({ length: CONNECTIONS }, asking)])
  agent.destroy()
  process.stdout.write(`${asked} batches of ${BATCH} in ${SECONDS} s, none failed\n`)
  expect(seen.size).toBe(STATES.length)
  expect(asked).toBeGreaterThan(SECONDS * 100)
})

test('what has been accepted is answered before the server ends', async () => {
  const [first, rest] = [BODY.slice(0, 40), BODY.slice(40)]
  const head = [
    'POST /access/v1/evaluations HTTP/1.1',
    'Host: x',
    'Content-Type: application/json',
    `Content-Length: ${BODY.length}`,
  ]
  const socket = connect(PORT, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${head.join('\r\n')}\r\n\r\n${first}`)
  await new Promise((resolve) => setTimeout(resolve, 200))
  server.kill('SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 200))
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text
  })
  socket.write(rest)
  const [code] = (await once(server, 'close')) as [number]
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n')
  expect(answer).toContain('"evaluations":[')
  expect(code).toBe(0)
})
