import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { EXAMPLE_DIR } from '../../test/example-world.ts'
import { proviso } from '../../test/proviso.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-system-error-'))
const FILE = join(TEMP, 'file')
const NONE = join(TEMP, 'none')
writeFileSync(FILE, '')
afterAll(() => rmSync(TEMP, { recursive: true }))

test.for([
  [
    ['compile', EXAMPLE_DIR, '-o', join(NONE, 'b')],
    `no directory ${NONE}; make it, or name another`,
  ],
  [['decide', EXAMPLE_DIR, '--requests', NONE], `no file ${NONE}`],
  [
    ['decide', EXAMPLE_DIR, '--requests', TEMP],
    'a directory is named where a file is read; name a file',
  ],
  [
    ['keygen', join(FILE, 'key'), '--name', 'example.com'],
    `a file stands where ${join(FILE, 'key')} needs a directory; name another place`,
  ],
] as const)('what the platform refuses is told in a sentence: %j', async ([args, why]) => {
  const ran = await proviso(args)
  expect([ran.code, ran.stdout, ran.stderr]).toEqual([2, '', `proviso: ${why}\n`])
})
