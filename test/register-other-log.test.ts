import { expect, test } from 'vitest'
import { OPENED } from './case-world.ts'
import { testServer } from './postgres.ts'
import { founded } from './register-story.ts'
import { RunningRegister } from './running-register.ts'

// A register's database, and a governance log that is not the one that its events are in.

const postgres = testServer()

test('a register is not served with another log than its own', async () => {
  const url = await postgres.emptyDatabase()
  const register = await RunningRegister.start({ url }, OPENED)
  await founded(register)
  await register.bundle.settled()
  await register.close()
  const refused = expect.objectContaining({ code: 'rolled-back' })
  await expect(RunningRegister.start({ url }, OPENED)).rejects.toEqual(refused)
})
