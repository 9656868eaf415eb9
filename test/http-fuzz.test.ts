import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXAMPLE_DIR } from './example-world.ts'
import { anyHostile } from './hostile.ts'
import { spawnProviso } from './proviso.ts'
import { RUNS } from './runs.ts'

/** Hostile requests in all: 2,000 in CI, 100,000 in `npm run soak`. */
const REQUESTS = 10 * RUNS

/** How many are sent at once. */
const AT_ONCE = 20

/** Longest that an answer is waited for, in milliseconds: longer than the server waits for a request. */
const ANSWER_MS_MAX = 30_000

/** Most that the process may grow after half of them, in bytes: the heap takes a while to find its size. */
const GROWTH_BYTES_MAX = 64 * 1_048_576

const PORT = 21_000 + (process.pid % 900)
const server = spawnProviso(['serve', EXAMPLE_DIR, '--unsigned', '--json', '--port', `${PORT}`])
let stderr = ''
server.stderr.setEncoding('utf8').on('data', (text: string) => {
  stderr += text
})

beforeAll(async () => {
  await once(server.stdout, 'data')
})
afterAll(() => {
  server.kill('SIGKILL')
})

/** Sends bytes and reads to the end of the connection. What is cut short is answered when the sender ends. */
function exchange(bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(PORT, '127.0.0.1', () => socket.end(bytes))
    let answer = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text
    })
    socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error('no answer')))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The server closes on what it will not read to its end.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(answer)
      else reject(error)
    })
    socket.on('close', () => resolve(answer))
  })
}

/** Status lines and bodies of all that was answered on a connection. */
function checkAnswer(answer: string, sent: Buffer): void {
  const shown = `${sent.subarray(0, 400).toString('latin1')}\n=>\n${answer.slice(0, 600)}`
  for (const [, status = ''] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) {
    expect(['100', '200'].includes(status) || status.startsWith('4'), shown).toBe(true)
  }
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const isPost = sent.subarray(0, 13).toString('latin1') === 'POST /access/'
  if (!isPost || !head.startsWith('HTTP/1.1 200 ')) return
  const parsed = JSON.parse(Buffer.from(body, 'latin1').toString()) as Record<string, unknown>
  const isDecision =
    typeof parsed['decision'] === 'boolean' ||
    Array.isArray(parsed['evaluations']) ||
    Array.isArray(parsed['results'])
  expect(isDecision, shown).toBe(true)
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) * 1_024
}

test('hostile requests get a decision or a 4xx, and the process stays as it is', async () => {
  const seed = Number(process.env['PROVISO_SEED'] ?? Date.now() % 2 ** 31)
  process.stdout.write(`hostile requests: ${REQUESTS}, PROVISO_SEED=${seed}\n`)
  const statuses = new Map<string, number>()
  let settled = 0
  for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
    const requests = fc.sample(anyHostile, { numRuns: AT_ONCE, seed: seed + sent })
    await Promise.all(
      requests.map(async (bytes) => {
        const answer = await exchange(bytes)
        checkAnswer(answer, bytes)
        const status = answer.slice(9, 12)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }),
    )
    if (sent < REQUESTS / 2) settled = residentBytes()
  }
  process.stdout.write(`${JSON.stringify(Object.fromEntries(statuses))}\n`)
  process.stdout.write(
    `resident: ${settled >> 20} MiB after half, ${residentBytes() >> 20} at the end\n`,
  )
  expect(server.exitCode).toBe(null)
  expect(stderr).not.toContain('internal-error')
  expect(residentBytes() - settled).toBeLessThan(GROWTH_BYTES_MAX)
  // Were all of them refused, or none, the fuzz would say little.
  expect(statuses.get('200') ?? 0).toBeGreaterThan(REQUESTS / 10)
  expect(statuses.get('400') ?? 0).toBeGreaterThan(REQUESTS / 10)
})
