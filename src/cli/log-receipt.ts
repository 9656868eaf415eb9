import { writeFileSync } from 'node:fs'
import { type MakeReceiptError, makeReceipt } from '../log/make-receipt.ts'
import { payloadsOf } from '../log/payloads.ts'
import { type Opening, printReceipt, type Receipt } from '../log/receipt.ts'
import type { Result } from '../result.ts'
import { type Arguments, EXIT } from './command.ts'
import { write, writeJson, writeLine } from './output.ts'
import { publishedSizeOf, type RecordPlace, recordPlaceOf } from './record-place.ts'
import { UsageError } from './usage-error.ts'

/** Longest wait for an anchor that covers the record, in milliseconds: servers make one every ten seconds. */
const ANCHOR_MS_MAX = 15_000

/** How often it is looked for, in milliseconds. */
const LOOK_MS = 250

/** `proviso log receipt RECORD --log DIR`: the evidence of one decision, in one file. */
export async function receiptAction(args: Arguments): Promise<number> {
  const [, record = 'latest'] = args.positionals
  const place = recordPlaceOf(args, record)
  const made = await waited(() => makeNow(args, place))
  if (!made.ok) throw new UsageError(`${record}: ${made.error.message}`)
  const text = printReceipt(made.value)
  const output = args.text('output')
  if (output === undefined) {
    await write(text)
    return EXIT.done
  }
  writeFileSync(output, text)
  const { bundle, proof } = made.value
  const { origin } = place.readers()
  if (args.json) await writeJson({ receipt: output, index: proof.index, bundle })
  else await writeLine(`${output}: the receipt of entry ${proof.index} of ${origin}`)
  return EXIT.done
}

type Made = Result<Receipt, MakeReceiptError>

async function waited(make: () => Promise<Made>): Promise<Made> {
  const until = performance.now() + ANCHOR_MS_MAX
  let made = await make()
  while (!made.ok && made.error.code === 'not-anchored' && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    made = await make()
  }
  return made
}

async function makeNow(args: Arguments, place: RecordPlace): Promise<Made> {
  const index = place.index ?? (await latestOf(place))
  const opening = args.flag('sealed') ? null : await openingOf(place, index)
  return await makeReceipt(place.readers(), index, opening)
}

/** The last record that is about a decision, and not a count; the next one when there is none yet. */
async function latestOf(place: RecordPlace): Promise<number> {
  const size = await publishedSizeOf(place)
  let latest = size
  const from = Math.max(0, size - LATEST_BACK_MAX)
  for await (const { index, payload } of payloadsOf(place.files, { from, to: size })) {
    const isCount = payload.state === 'kept' && payload.record.outcome === 'permit'
    if (!isCount) latest = index
  }
  return latest
}

/** How many entries are looked through for the last decision. */
const LATEST_BACK_MAX = 1_000

async function openingOf({ files }: RecordPlace, index: number): Promise<Opening | null> {
  const range = { from: index, to: index + 1 }
  for await (const { payload } of payloadsOf(files, range)) {
    return payload.state === 'kept' ? payload.opening : null
  }
  return null
}
