import { writeFileSync } from 'node:fs'
import { type MakeReceiptError, makeReceipt } from '../log/make-receipt.ts'
import { type KeptPayload, payloadsOf } from '../log/payloads.ts'
import { printReceipt, type Receipt } from '../log/receipt.ts'
import { ok, type Result } from '../result.ts'
import { type Arguments, EXIT } from './command.ts'
import { warn, write, writeJson, writeLine } from './output.ts'
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
  if (!made.ok) throw new UsageError(`${record}: ${await reasonOf(place, made.error)}`)
  const { receipt, damage } = made.value
  const output = args.text('output')
  if (output === undefined) await write(printReceipt(receipt))
  else await told(args, place, output, receipt)
  if (damage === null) return EXIT.done
  warn(`${record}: ${damage}; the receipt is without it`)
  return EXIT.no
}

async function told(
  args: Arguments,
  { readers }: RecordPlace,
  output: string,
  receipt: Receipt,
): Promise<void> {
  writeFileSync(output, printReceipt(receipt))
  const { bundle, proof } = receipt
  if (args.json) await writeJson({ receipt: output, index: proof.index, bundle })
  else await writeLine(`${output}: the receipt of entry ${proof.index} of ${readers().origin}`)
}

/** Why there is no receipt: an entry that is not there has to be told from one that is not anchored yet. */
async function reasonOf(place: RecordPlace, { message }: MakeReceiptError): Promise<string> {
  const size = await publishedSizeOf(place)
  if (place.index === null && (await latestOf(place)) === size) {
    return 'no decision is in the log yet; ask for one'
  }
  const isMissing = place.index !== null && place.index >= size
  return isMissing ? `the log has ${size} entries, and not this one` : message
}

interface MadeReceipt {
  readonly receipt: Receipt
  /** What is wrong with the payload, which is then left out. */
  readonly damage: string | null
}

type Made = Result<MadeReceipt, MakeReceiptError>

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
  const payload = args.flag('sealed') ? undefined : await payloadAt(place, index)
  const opening = payload?.state === 'kept' ? payload.opening : null
  const made = await makeReceipt(place.readers(), index, opening)
  if (!made.ok) return made
  const damage = payload && 'message' in payload ? payload.message : null
  return ok({ receipt: made.value, damage })
}

/** The last record that is about a decision, and not a count; the next one when there is none yet. */
async function latestOf(place: RecordPlace): Promise<number> {
  const size = await publishedSizeOf(place)
  let latest = size
  const from = Math.max(0, size - LATEST_BACK_MAX)
  for await (const { index, record } of payloadsOf(place.files, { from, to: size })) {
    if (record?.outcome !== 'permit') latest = index
  }
  return latest
}

/** How many entries are looked through for the last decision. */
const LATEST_BACK_MAX = 1_000

async function payloadAt({ files }: RecordPlace, index: number): Promise<KeptPayload | undefined> {
  for await (const { payload } of payloadsOf(files, { from: index, to: index + 1 })) return payload
  return undefined
}
