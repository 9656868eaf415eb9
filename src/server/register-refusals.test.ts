import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { printOtherStatuses, printRegisterRefusals } from './register-refusals.ts'

const PAGE = join(import.meta.dirname, '../../docs/formats.md')

test.each([
  ['refusals of the register', printRegisterRefusals],
  ['statuses of other refusals', printOtherStatuses],
])('docs/formats.md has the table of %s', (name, print) => {
  const text = readFileSync(PAGE, 'utf8')
  const [begin, end] = [`<!-- ${name}: begin, from the code -->\n`, `<!-- ${name}: end -->`]
  const [before = '', rest = ''] = text.split(begin)
  const [table = '', after = ''] = rest.split(end)
  if (process.env['PROVISO_GOLDEN'] === 'write') {
    writeFileSync(PAGE, `${before}${begin}${print()}${end}${after}`)
  } else expect(table).toBe(print())
})
