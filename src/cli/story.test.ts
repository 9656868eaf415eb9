import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { EXAMPLE_DIR, ROOT } from '../../test/example-world.ts'
import { spawnProviso } from '../../test/proviso.ts'

const DATA = mkdtempSync(join(tmpdir(), 'proviso-story-'))
afterAll(() => rmSync(DATA, { recursive: true }))

/** Runs a line as somebody who pastes it into a shell in the checkout. */
async function pasted(line: string): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', line], { cwd: ROOT })).stdout
}

test('a story that is told has cases at every stage, and what is printed to look around works', async () => {
  const clock = ['--clock', '2026-03-02T09:00:00Z', '--port', '0', '--data', DATA]
  const server = spawnProviso(['serve', '--story', EXAMPLE_DIR, ...clock])
  let printed = ''
  server.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  while (!printed.includes('contract suspend')) await once(server.stdout, 'data')
  const [ask = '', list = '', show = '', suspend = ''] = printed.match(/^(?:curl|bin).*$/gm) ?? []
  expect(await pasted(ask)).toContain('"outcome":"permit-under-exception"')
  const states = new Map(
    (await pasted(list))
      .trim()
      .split('\n')
      .map((row) => row.split(/\s+/).slice(0, 2) as [string, string]),
  )
  expect([...states.keys()].sort()).toEqual([
    'concluded',
    'determined',
    'determining',
    'draft',
    'screened',
    'submitted',
  ])
  expect(await pasted(show)).toContain('id: osint-2026')
  const contracts = await pasted(list.replace('case', 'contract'))
  expect(contracts.match(/^\w+/gm)).toEqual(['proposed', 'in_force', 'suspended'])
  await pasted(suspend)
  expect(await pasted(ask)).toContain('"outcome":"deny"')
  server.kill('SIGTERM')
  expect((await once(server, 'close'))[0]).toBe(0)
})
