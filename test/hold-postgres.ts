import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '../src/store/database.ts'
import { move } from './heap.ts'

// A process that holds an embedded PostgreSQL until it is killed, and says how many stones it has added to a heap.

const [, , directory = ''] = process.argv
const database = await openDatabase({ directory })
process.stdout.write(`held\n`)
for (;;) {
  const moved = await move(database, 'held', 'added')
  if (moved.ok) process.stdout.write(`${moved.value.version}\n`)
  await pause(1)
}
