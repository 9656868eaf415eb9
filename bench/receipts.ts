import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import { decisionPlaceOf } from '../src/cli/record-place.ts'
import { compile } from '../src/decision/compile.ts'
import { decide } from '../src/decision/decide.ts'
import { printVerifier } from '../src/log/key.ts'
import { publicKeysOf, readLogConfig } from '../src/log/log-directory.ts'
import { makeReceipt } from '../src/log/make-receipt.ts'
import { payloadsOf } from '../src/log/payloads.ts'
import { type Opening, printReceipt } from '../src/log/receipt.ts'
import { parseTrust } from '../src/log/trust.ts'
import { verifyReceipt } from '../src/log/verify-receipt.ts'
import { recordBytesOf } from './disk.ts'
import type { ReceiptReport, ReceiptTiming } from './durable-report.ts'
import { contractsOf, randomOf } from './example.ts'
import { openLog } from './log.ts'
import { spreadOf } from './measure.ts'
import { callsOf } from './questions.ts'

// Run by run.ts in a process of its own: receipts of decisions in a log of many, made from its files and verified.

const CONTRACTS = 1_000

/** Decisions that are logged at a time. */
const AT_ONCE = 1_000

/** How many receipts are made, in `count` of a hundred before anything is timed. */
interface Asked {
  readonly records: number
  readonly receipts: number
}

/** The decisions of the bench, over and over, until there are so many; anchored. */
async function fill(path: string, dir: string, records: number): Promise<string> {
  const { world } = readDirectory(dir)
  if (world === undefined) throw new Error(`${dir} has errors`)
  const bundle = compile({ ...world, contracts: contractsOf(world, CONTRACTS) }, sha256)
  const { batch } = callsOf(world, CONTRACTS, { bundle, outcome: 'permit-under-exception' })
  const recorded = batch.flatMap((call) =>
    call.map(({ request }) => {
      const decided = decide(bundle, request)
      if (!decided.ok) throw new Error(decided.error.message)
      return { decision: decided.value, request }
    }),
  )
  const evidence = await openLog(path)
  for (let done = 0; done < records; done += AT_ONCE) {
    const next = Array.from({ length: AT_ONCE }, (_, i) => recorded[(done + i) % recorded.length])
    await evidence.record(next.filter((one) => one !== undefined))
  }
  await evidence.anchor()
  const { decisions } = evidence.status
  await evidence.close()
  return decisions
}

async function openingOf(files: Parameters<typeof payloadsOf>[0], index: number): Promise<Opening> {
  for await (const { payload } of payloadsOf(files, { from: index, to: index + 1 })) {
    if (payload.state === 'kept') return payload.opening
  }
  throw new Error(`there is no payload of entry ${index}`)
}

async function timed<T>(times: number[], act: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const value = await act()
  times.push((performance.now() - begun) * 1e6)
  return value
}

async function report(
  path: string,
  dir: string,
  { records, receipts }: Asked,
): Promise<ReceiptReport> {
  const folder = await fill(path, dir, records)
  const { statements, logs: keys } = publicKeysOf(path)
  const lines = keys.map((key) => `log ${printVerifier(key)}\n`)
  const trust = await parseTrust(`${lines.join('')}quorum none\n`)
  const [statementKey] = statements
  if (!trust.ok || statementKey === undefined) throw new Error('there is nobody to trust')
  const config = readLogConfig(path)
  const place = decisionPlaceOf(path, config, config.epoch)
  const random = randomOf(records)
  const times = { open: [] as number[], make: [] as number[], verify: [] as number[] }
  let receiptBytes = 0
  for (let i = 0; i < receipts; i++) {
    const index = Math.floor(random() * records)
    const opening = await timed(times.open, () => openingOf(place.files, index))
    const text = await timed(times.make, async () => {
      const made = await makeReceipt(place.readers(), index, opening)
      if (!made.ok) throw new Error(made.error.message)
      return printReceipt(made.value)
    })
    const { ok } = await timed(times.verify, () =>
      verifyReceipt(text, trust.value, { statementKey }),
    )
    if (!ok) throw new Error(`a receipt is not verified: ${text}`)
    receiptBytes = Buffer.byteLength(text)
  }
  const step = (name: string, all: readonly number[]): ReceiptTiming => ({
    step: name,
    ...spreadOf(all.slice(Math.floor(receipts / 4))),
  })
  return {
    records,
    bytes: recordBytesOf(join(path, folder), records),
    receiptBytes,
    steps: [
      step('its payload, out of the journal', times.open),
      step('a receipt, from both logs', times.make),
      step('a receipt verified', times.verify),
    ],
  }
}

const [dir = '', directory = '', records, receipts] = process.argv.slice(2)
const path = mkdtempSync(join(directory, 'receipts-'))
try {
  const asked = { records: Number(records), receipts: Number(receipts) }
  process.stdout.write(JSON.stringify(await report(path, dir, asked)))
} finally {
  rmSync(path, { recursive: true })
}
