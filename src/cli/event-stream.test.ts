import { expect, test } from 'vitest'
import { EVENT_CHARS_MAX, eventsIn } from './event-stream.ts'

/** The events of a stream that comes in these parts. */
async function eventsOf(parts: Iterable<string>): Promise<readonly string[]> {
  const body = ReadableStream.from([...parts].map((part) => new TextEncoder().encode(part)))
  const answer = (): Promise<Response> => Promise.resolve(new Response(body))
  const events: string[] = []
  for await (const event of eventsIn(answer, new AbortController().signal)) events.push(event)
  return events
}

const STREAM = 'retry: 1000\n\ndata: one\n\n: \n\nid: 2\ndata: twö\n\ndata: cut'

test('events are the same however the stream is cut', async () => {
  for (let length = 1; length <= STREAM.length; length++) {
    const parts = STREAM.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? []
    expect(await eventsOf(parts), `parts of ${length}`).toEqual(['one', 'twö'])
  }
})

test('an event that is too long is refused, and what comes in small parts costs no more', async () => {
  const most = 'x'.repeat(EVENT_CHARS_MAX - 200_000 - 'data: \n'.length)
  const parts = ['data: ', most, ...'x'.repeat(200_000)]
  expect(await eventsOf([...parts, '\n', '\n'])).toHaveLength(1)
  await expect(eventsOf([...parts, 'xx'])).rejects.toThrow('too long')
})
