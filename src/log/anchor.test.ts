import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { textOf } from '../bytes.ts'
import { hostOfDecisions, parseAnchor, printAnchor } from './anchor.ts'
import { signerOf, signNote } from './signer.ts'

const AT = Date.parse('2026-03-02T09:00:08Z')

/** A log of nothing, whose root is SHA-256 of nothing. */
function emptyLog(origin: string): { origin: string; checkpoint: string; entries: 0; permits: 0 } {
  const root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
  const signer = signerOf(origin, new Uint8Array(32).fill(1))
  return { origin, checkpoint: signNote(`${origin}\n0\n${root}\n`, signer), entries: 0, permits: 0 }
}

const B = emptyLog('host.example/decisions/b/1')
const A = emptyLog('host.example/decisions/a/1')

test('an anchor is written as an in-toto statement, its logs in order of origin', async () => {
  const { payloadType, payload } = await printAnchor({ at: AT, logs: [B, A] })
  expect(payloadType).toBe('application/vnd.proviso.anchor+json;v=1')
  const subject = [A, B].map(({ origin, checkpoint }) => {
    return `{"digest":{"sha256":"${hash('sha256', checkpoint)}"},"name":"${origin}"}`
  })
  const logs = [A, B].map(({ origin, checkpoint }) => {
    return `{"checkpoint":${JSON.stringify(checkpoint)},"entries":0,"origin":"${origin}","permits":0}`
  })
  expect(textOf(payload)).toBe(
    `{"_type":"https://in-toto.io/Statement/v1","predicate":{"at":"2026-03-02T09:00:08.000Z","logs":[${logs}]},"predicateType":"urn:proviso:anchor:v1","subject":[${subject}]}`,
  )
  const read = await parseAnchor({ payloadType, payload })
  expect(read).toEqual({ ok: true, value: { at: AT, logs: [A, B] } })
})

test('a server that decides nothing anchors nothing, and says so', async () => {
  const anchor = { at: AT, logs: [] }
  expect(await parseAnchor(await printAnchor(anchor))).toEqual({ ok: true, value: anchor })
})

test('64 logs fit into an entry, and no more are anchored', async () => {
  const logs = Array.from({ length: 65 }, (_, i) => {
    return emptyLog(`proviso.example.org/decisions/${String(i).padStart(26, 'n')}/100`)
  })
  expect(logs[0]?.origin).toHaveLength(60)
  const { payload } = await printAnchor({ at: AT, logs: logs.slice(1) })
  // In base64, with room for type and signatures.
  expect((payload.length * 4) / 3).toBeLessThan(65_535 - 1_024)
  await expect(printAnchor({ at: AT, logs })).rejects.toThrow('65 logs do not fit')
})

test.each([
  ['host.example/decisions/eu/1', 'host.example'],
  ['host.example/at/decisions/eu/1', 'host.example/at'],
  ['host.example/governance', undefined],
  ['host.example/decisions/eu', undefined],
  ['host.example/decisions/eu/1/2', undefined],
  ['/decisions/eu/1', undefined],
])('%s is a decision log of %s', (origin, host) => {
  expect(hostOfDecisions(origin)).toBe(host)
})
