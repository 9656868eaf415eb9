import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { proviso } from '../../test/proviso.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-rebuild-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

test('where there is no register none is rebuilt, and none begins', async () => {
  const none = join(TEMP, 'none')
  const ran = await proviso(['rebuild', '--data', none])
  const why = `proviso: there is no register in ${none}; name its directory with --data DIR\n`
  expect([ran.code, ran.stdout, ran.stderr]).toEqual([2, '', why])
  expect(existsSync(none)).toBe(false)
})
