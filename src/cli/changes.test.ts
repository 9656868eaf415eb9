import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CUSTOMER, OPENED } from '../../test/case-world.ts'
import { testServer } from '../../test/postgres.ts'
import { jsonLines, proviso, spawnProviso } from '../../test/proviso.ts'
import { RunningRegister } from '../../test/running-register.ts'
import { DAY_MS } from '../time.ts'

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
})
afterAll(() => register.close())

test('what happens in a register is printed as it happens, from any change on', async () => {
  const followed = spawnProviso(['changes', '--server', register.url])
  const lines = createInterface({ input: followed.stdout })[Symbol.asyncIterator]()
  await register.found({ rep: 'customer-representative' }, CUSTOMER)
  const seen = await Promise.all([lines.next(), lines.next(), lines.next()])
  expect(seen.map(({ value }) => value)).toEqual([
    expect.stringMatching(/^1 {2}\S+ {2}people\/people 1 {2}\S+$/),
    expect.stringMatching(/^2 {2}/),
    expect.stringMatching(/^3 {2}/),
  ])
  followed.kill('SIGINT')
  expect((await once(followed, 'close'))[0]).toBe(0)

  const later = spawnProviso(['changes', '--server', register.url, '--after', '2', '--json'])
  const [text] = (await once(later.stdout.setEncoding('utf8'), 'data')) as [string]
  expect(jsonLines(text)[0]).toMatchObject({ seq: 3, stream: 'people', id: 'people' })
  later.kill('SIGTERM')
  expect((await once(later, 'close'))[0]).toBe(0)
})

test('what cannot be followed is said', async () => {
  const wrong = await proviso(['changes', '--server', register.url, '--after', 'x'])
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(wrong.stderr).toContain('--after is the number of a change')
  const away = await proviso(['changes', '--server', 'http://127.0.0.1:9'])
  expect(away).toMatchObject({ code: 2, stdout: '' })
  expect(away.stderr).toContain('does not answer')
})
