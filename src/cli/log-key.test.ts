import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { proviso } from '../../test/proviso.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-log-key-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

test('whoever witnesses logs can be told of them before a server has begun', async () => {
  const made = await proviso(['log', 'init', join(TEMP, 'log'), '--host', 'a.example', '--json'])
  const { logs } = JSON.parse(made.stdout) as { logs: string[] }
  const lines = readFileSync(join(TEMP, 'log/trust'), 'utf8').split('\n')
  for (const key of logs) expect(lines).toContain(`log ${key}`)
  expect(logs).toHaveLength(2)
})
