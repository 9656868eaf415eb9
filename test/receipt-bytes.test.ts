import { beforeAll, expect, test } from 'vitest'
import { bytesOf, textOf } from '../src/bytes.ts'
import { printReceipt } from '../src/log/receipt.ts'
import type { Trust } from '../src/log/trust.ts'
import type { Facts } from '../src/log/verification.ts'
import { verifyReceipt } from '../src/log/verify-receipt.ts'
import { LINES, receiptOf, trusted, trustOf } from './receipts.ts'

// What becomes of a receipt when a byte of its file is changed: every byte in turn.

/** What a byte is replaced with: near in value, of other case or kind, and what JSON and base64 are made of. */
const CHANGES: readonly ((byte: number) => number)[] = [
  (byte): number => byte ^ 0x01,
  (): number => 0x41,
  (byte): number => byte ^ 0x20,
  (byte): number => byte ^ 0x80,
  (): number => 0x20,
]

let text: string
beforeAll(async () => {
  text = printReceipt(await receiptOf())
})

/** A changed receipt that is verified nevertheless. */
interface Survivor {
  /** Which byte was changed. */
  readonly at: number
  readonly facts: Facts | null
}

async function survivors(trust: Trust, changes = CHANGES): Promise<readonly Survivor[]> {
  const bytes = bytesOf(text)
  const found: Survivor[] = []
  for (const [at, byte] of bytes.entries()) {
    for (const changed of new Set(changes.map((change) => change(byte)))) {
      // A file that is not UTF-8 is no text to begin with.
      const other = textOf(bytes.with(at, changed)) ?? ''
      const { ok, facts } = await verifyReceipt(other, trust)
      if (ok && changed !== byte) found.push({ at, facts })
    }
  }
  return found
}

async function factsBy(trust: Trust): Promise<Facts | null> {
  return (await verifyReceipt(text, trust)).facts
}

test('no byte can be changed when the trust file asks for all that have signed', async () => {
  const all = await trusted(trustOf('all'))
  expect(await factsBy(all)).not.toBeNull()
  expect(await survivors(all)).toEqual([])
})

test('for a smaller trust file only signatures can be changed that it could not check', async () => {
  const [north = ''] = LINES.witnesses
  const small = await trusted([LINES.governance, north, 'quorum north'].join('\n'))
  const facts = await factsBy(small)
  const found = await survivors(small, CHANGES.slice(0, 2))
  expect(found.length).toBeGreaterThan(100)
  const inBytes = (index: number): number => bytesOf(text.slice(0, index)).length
  const from = inBytes(text.indexOf('\u2014 south.example'))
  const to = inBytes(text.indexOf('","bundle"'))
  for (const survivor of found) {
    expect(survivor.at).toBeGreaterThan(from)
    expect(survivor.at).toBeLessThan(to)
    expect(survivor.facts).toEqual(facts)
  }
})

test('a change can lose a witness more than are needed, and can add or alter nothing', async () => {
  const two = await trusted(trustOf('2'))
  const facts = await factsBy(two)
  const found = await survivors(two, CHANGES.slice(0, 1))
  expect(found.length).toBeGreaterThan(10)
  for (const survivor of found) {
    const cosigned = survivor.facts?.cosigned ?? []
    expect(cosigned).toHaveLength(2)
    expect(facts?.cosigned).toEqual(expect.arrayContaining([...cosigned]))
    expect({ ...survivor.facts, cosigned: [] }).toEqual({ ...facts, cosigned: [] })
  }
})
