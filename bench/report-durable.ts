import { columns, duration, verdict } from './columns.ts'
import type { DurableTiming, LoggedTiming, ReceiptReport } from './durable-report.ts'

export interface DurableReport {
  readonly inProcess: readonly LoggedTiming[]
  readonly http: readonly DurableTiming[]
  readonly receipts: ReceiptReport
}

/** Least decisions in a second, where most ask at once, and longest 99th percentile beyond the disk's (design §10). */
const TARGET = { inProcessRateMin: 20_000, httpRateMin: 8_000, beyondDiskMsMax: 20 }

/** Where the rates are to be reached. */
const ASKERS = 256

export function durableRows({ inProcess, http, receipts }: DurableReport): string[] {
  const { records, bytes, receiptBytes, steps } = receipts
  return [
    ...columns([
      ['askers', 'decisions durable, in process', ...COLUMNS],
      ...inProcess.map((timing) => durableRow(timing, TARGET.inProcessRateMin)),
    ]),
    '',
    ...columns([
      ['askers', 'exceptions durable, over HTTP', ...COLUMNS],
      ...http.map((timing) => durableRow(timing, TARGET.httpRateMin, TARGET.beyondDiskMsMax)),
    ]),
    '',
    ...columns([
      ['askers', 'bytes a record', 'records', 'journal', 'tiles', 'both'],
      ...inProcess.map(({ askers, perCall, ...one }) => {
        return [String(askers), callOf(perCall), ...bytesRow(one)]
      }),
      ['1', 'a thousand a call', ...bytesRow({ records, bytes })],
    ]),
    '',
    ...columns([
      ['records', `receipts, ${receiptBytes} bytes`, 'median', 'p5', 'p95'],
      ...steps.map(({ step, median, low, high }) => {
        return [String(records), step, duration(median), duration(low), duration(high)]
      }),
    ]),
  ]
}

const COLUMNS = [
  'decisions/s',
  'low',
  'high',
  'target',
  '',
  'us CPU/decision',
  'p50 ms',
  'p99 ms',
  'disk p50',
  'disk p99',
  'p99 beyond',
  'target',
  '',
]

function durableRow(timing: DurableTiming, rateMin: number, beyondMax?: number): string[] {
  const { askers, perCall, rate, cpu, answer, disk, beyondDisk } = timing
  const isFull = askers === ASKERS
  const rates = [rate.median, rate.low, rate.high].map((one) => one.toFixed(0))
  const waits = [answer.p50, answer.p99, disk.p50, disk.p99, beyondDisk.median]
  const isShort = beyondMax !== undefined && perCall === 1
  return [
    String(askers),
    callOf(perCall),
    ...rates,
    ...(isFull ? [`>= ${rateMin}`, verdict(rate.median >= rateMin)] : ['', '']),
    (cpu.median / 1_000).toFixed(1),
    ...waits.map((ms) => ms.toFixed(2)),
    ...(isShort ? [`<= ${beyondMax}`, verdict(beyondDisk.median <= beyondMax)] : ['', '']),
  ]
}

function callOf(perCall: number): string {
  return perCall === 1 ? 'one a call' : `${perCall} a call`
}

function bytesRow({ records, bytes }: Pick<ReceiptReport, 'records' | 'bytes'>): string[] {
  const { journal, tiles } = bytes
  return [String(records), ...[journal, tiles, journal + tiles].map((one) => one.toFixed(0))]
}
