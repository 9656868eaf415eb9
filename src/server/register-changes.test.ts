import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { move } from '../../test/heap.ts'
import { testServer } from '../../test/postgres.ts'
import { RunningRegister } from '../../test/running-register.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { Changes } from './register-changes.ts'

const OPERATOR = ['operator', 'operator'] as const

const postgres = testServer()
let url = ''
let register: RunningRegister
let database: Database
beforeAll(async () => {
  url = await postgres.emptyDatabase()
  register = await RunningRegister.start({ url }, 0)
  database = await openDatabase({ url: await postgres.emptyDatabase() })
  const key = register.keyOf('operator')
  await register.act(OPERATOR, 'people', { act: 'people.begin', person: 'operator', key } as {
    act: string
  })
})
afterAll(async () => {
  await database.close()
  await register.close()
})

async function add(person: string): Promise<void> {
  const command = { act: 'people.register', person, key: register.keyOf(person) }
  await register.act(OPERATOR, 'people', command)
}

/** What is heard until it is so many changes; then the listener goes away. */
async function hear(
  count: number,
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly { readonly id: string; readonly data: object }[]> {
  const asked = get(`${register.url}/api/v1/events${query}`, { headers, agent: false })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  expect(answer.headers['content-type']).toBe('text/event-stream')
  let text = ''
  for await (const chunk of answer) {
    text += String(chunk)
    if (text.split('\ndata: ').length > count && text.endsWith('\n\n')) break
  }
  const told = [...text.matchAll(/^id: (?<id>\d+)\ndata: (?<data>.*)$/gm)]
  return told.map(({ groups }) => {
    const { id = '', data = '' } = groups ?? {}
    return { id, data: JSON.parse(data) as object }
  })
}

describe('whoever listens', () => {
  test('hears each change by its number, without who or what', async () => {
    const hearing = hear(4, '')
    await add('ana')
    await add('ben')
    const told = await hearing
    const change = { stream: 'people', id: 'people', at: '1970-01-01T00:00:00.000Z' }
    expect(told.map(({ data }) => data)).toEqual([
      { ...change, seq: 1, version: 1, type: 'person-registered' },
      { ...change, seq: 2, version: 2, type: 'role-granted' },
      { ...change, seq: 3, version: 3, type: 'person-registered' },
      { ...change, seq: 4, version: 4, type: 'person-registered' },
    ])
    expect(told.map(({ id }) => id)).toEqual(['1', '2', '3', '4'])
  })

  test('goes on after what was heard, rather than what was asked for first', async () => {
    expect((await hear(1, '?after=3')).map(({ id }) => id)).toEqual(['4'])
    const again = await hear(1, '?after=0', { 'last-event-id': '3' })
    expect(again.map(({ id }) => id)).toEqual(['4'])
  })

  test('after no number is told so', async () => {
    const answer = await fetch(`${register.url}/api/v1/events?after=x`)
    expect(await answer.json()).toMatchObject({ status: 400, code: 'malformed-query' })
  })

  test('does not keep the server from ending', async () => {
    const own = await RunningRegister.start({ url: await postgres.emptyDatabase() }, 0)
    const answer = await fetch(`${own.url}/api/v1/events`)
    const heard = answer.text()
    await own.close()
    expect(await heard).toContain('retry: ')
  })
})

/** Takes so many writes, and then nothing. */
function taking(most: number): { readonly to: Writable; readonly texts: string[] } {
  const texts: string[] = []
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    texts.push(chunk.toString())
    if (texts.length < most) done()
  }
  return { to: new Writable({ highWaterMark: 1, write }), texts }
}

describe('a listener', () => {
  test('who takes nothing is ended, and one who does hears that nothing happens', async () => {
    const changes = new Changes(database, 50)
    const [slow, fast] = [taking(1), taking(1_000)]
    changes.tell(slow.to, 0)
    changes.tell(fast.to, 0)
    for (let i = 0; i < 300; i++) await move(database, 'h', 'added')
    await expect.poll(() => slow.to.destroyed).toBe(true)
    await expect.poll(() => fast.texts.join('').match(/^id: /gm)?.length).toBe(300)
    await expect.poll(() => fast.texts.at(-1)).toBe(': \n\n')
    expect(fast.to.destroyed).toBe(false)
    await changes.close()
    expect(slow.texts).toEqual(['retry: 1000\n\n'])
    expect(fast.to.writableEnded).toBe(true)
  })

  test('is one of so many', async () => {
    const changes = new Changes(database, 1_000)
    for (let i = 0; i < 256; i++) {
      expect(changes.hasRoom).toBe(true)
      changes.tell(taking(1).to, 0)
    }
    expect(changes.hasRoom).toBe(false)
    await changes.close()
  })
})
