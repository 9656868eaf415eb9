import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmacNow } from './sha256.ts'

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })

test('an HMAC is what the platform makes of the same key and message', () => {
  fc.assert(
    fc.property(bytes(64), bytes(300), (key, message) => {
      const expected = createHmac('sha256', key).update(message).digest('hex')
      expect(Buffer.from(hmacNow(key, message)).toString('hex')).toBe(expected)
    }),
  )
})
