import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { parseVerifier, type Verifier } from '../log/key.ts'
import { type Opening, parseOpening, RECEIPT_CHARS_MAX } from '../log/receipt.ts'
import type { Trust } from '../log/trust.ts'
import type { Facts, Step, Verification } from '../log/verification.ts'
import { type VerifyOptions, verifyReceipt } from '../log/verify-receipt.ts'
import { printInstant, printInstantShort } from '../time.ts'
import { type Arguments, EXIT } from './command.ts'
import { styled, writeJson, writeLine } from './output.ts'
import { readTrustFile } from './trust-file.ts'
import { UsageError } from './usage-error.ts'

/** `proviso log verify RECEIPT --trust FILE`: what a receipt shows, with nothing of the server that gave it. */
export async function verifyAction(args: Arguments): Promise<number> {
  const [, path] = args.positionals
  if (path === undefined) throw new UsageError('say which receipt: proviso log verify RECEIPT')
  const trust = await readTrust(args.text('trust'))
  const verification = await verifyReceipt(readText(path), trust, await readOptions(args))
  if (args.json) await writeJson(printableOf(verification))
  else await writeLine(printVerification(verification))
  return verification.ok ? EXIT.done : EXIT.no
}

/** The text of a file that is no longer than a receipt. */
function readText(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile()) throw new UsageError(`no file ${path}`)
  if (stats.size > RECEIPT_CHARS_MAX) {
    throw new UsageError(`${path} is over ${RECEIPT_CHARS_MAX} bytes`)
  }
  const bytes = readFileSync(path)
  if (!isUtf8(bytes)) throw new UsageError(`${path} is not UTF-8; copy it again`)
  return bytes.toString('utf8')
}

async function readTrust(path: string | undefined): Promise<Trust> {
  if (path === undefined) throw new UsageError('say whom to trust: --trust FILE')
  return await readTrustFile(path)
}

async function readOptions(args: Arguments): Promise<VerifyOptions> {
  const [payload, key] = [args.text('payload'), args.text('statement-key')]
  return {
    ...(payload === undefined ? {} : { payload: readOpening(payload) }),
    ...(key === undefined ? {} : { statementKey: await readKey(key) }),
  }
}

async function readKey(path: string): Promise<Verifier> {
  const key = await parseVerifier(readText(path).trim())
  if (key.ok) return key.value
  throw new UsageError(`${path}: ${key.error.message}`)
}

function readOpening(path: string): Opening {
  const opening = parseOpening(readText(path))
  if (opening.ok) return opening.value
  throw new UsageError(`${path}: ${opening.error.message}`)
}

/** As JSON: instants as text. */
function printableOf({ facts, ...rest }: Verification): object {
  if (facts === null) return { ...rest, facts }
  const { at, anchored, cosigned } = facts
  const printed = {
    ...facts,
    at: printInstant(at),
    anchored: printInstant(anchored),
    cosigned: cosigned.map((one) => ({
      ...one,
      at: one.at === null ? null : printInstant(one.at),
    })),
  }
  return { ...rest, facts: printed }
}

function printVerification({ ok, steps, facts, doesNotProve }: Verification): string {
  const lines = steps.map((step) => `${markOf(step)} ${step.step}: ${step.text}`)
  const about = facts === null ? [] : ['', ...printFacts(facts)]
  const verdict = ok ? styled('green', 'verified') : styled('red', 'not verified')
  return [...lines, ...about, '', verdict, `does not prove: ${doesNotProve}`].join('\n')
}

function markOf({ ok }: Step): string {
  if (ok === null) return styled('dim', '–')
  return ok ? styled('green', '✓') : styled('red', '✗')
}

function printFacts(facts: Facts): string[] {
  const { log, index, outcome, at, bundle, pseudonym, anchored, governance } = facts
  const what = outcome === 'permit' ? 'counts of plain permits' : outcome
  const contract = pseudonym === null ? [] : [`contract  pseudonym ${pseudonym}`]
  return [
    `record    ${index} of ${log}`,
    `outcome   ${what}`,
    `at        ${printInstantShort(at)}`,
    `bundle    ${bundle}`,
    ...contract,
    `anchored  ${printInstantShort(anchored)} in ${governance}`,
    ...facts.cosigned.map(({ witness, at }) => {
      return `cosigned  ${at === null ? 'at no instant' : printInstantShort(at)} by ${witness}`
    }),
  ]
}
