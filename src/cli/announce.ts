import { existsSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { Digest } from '../digest.ts'
import { LACKS, type Lack } from '../server/served.ts'
import { type Instant, printInstantShort } from '../time.ts'
import type { Clock } from './clock.ts'
import type { Arguments } from './command.ts'
import { type EvidencePlace, TRUST } from './keep-evidence.ts'
import { styled, warn, writeJson, writeLine } from './output.ts'
import { controlOf, isRegister, keysOf } from './register-place.ts'

// What a server says when it begins: where it is, and what can be done with it.

interface Begun {
  readonly address: string
  /** Of the bundle in use, or why there is none yet. */
  readonly bundle: Digest | Lack
  readonly at: Instant
  readonly clock: Clock
  readonly place: EvidencePlace
  /** Whether a story was told in the register; undefined: none was to be. */
  readonly isTold: boolean | undefined
}

export async function announce(args: Arguments, begun: Begun): Promise<void> {
  const { address, at, clock, place } = begun
  const bundle = isLack(begun.bundle) ? null : begun.bundle
  if (args.json) {
    return writeJson({ address, bundle, at: printInstantShort(at), log: place.path })
  }
  const decides = isLack(begun.bundle) ? `: ${LACKS[begun.bundle]}` : `, ${begun.bundle}`
  await writeLine(`Serving ${servedName(args)} at ${address}${decides}`)
  if (begun.isTold !== undefined) await writeLine(aboutStory(args, begun.isTold))
  if (clock.start !== undefined) await writeLine(aboutClock(clock, clock.start))
  if (args.flag('unsigned')) {
    const warning = 'The directory is not signed: for trying on this machine alone.'
    warn(styled('yellow', warning, process.stderr))
  }
  const isStory = begun.isTold !== undefined && existsSync(officersKey(args))
  if (args.text('keys') === undefined && (isStory || args.positionals.length > 0)) {
    await writeLine(`\nAsk for a decision:\n\n${exampleCurl(address)}\n`)
    await writeLine(aboutReceipt(place))
  }
  if (isStory) {
    await writeLine(
      `Look around, and suspend the contract that permits it:\n\n${exampleCommands(args, address)}\n`,
    )
  }
}

function isLack(bundle: Digest | Lack): bundle is Lack {
  return Object.hasOwn(LACKS, bundle)
}

function servedName(args: Arguments): string {
  const control = controlOf(args)
  if (control !== undefined) return `the bundle of ${control}`
  return isRegister(args) ? 'the register' : args.first
}

function aboutStory(args: Arguments, isTold: boolean): string {
  return isTold
    ? `It is new, and was told the story of ${args.text('story')}.`
    : 'It goes on as it was left, and no story is told again; with another --data a new one begins.'
}

function aboutClock({ isMovedOn }: Clock, start: Instant): string {
  const instant = printInstantShort(start)
  return isMovedOn
    ? `The clock goes on from ${instant}, when the register was last in use.`
    : `The clock began at ${instant}.`
}

/** A question that the example provider's contract osint-2026 answers. */
function exampleCurl(address: string): string {
  const body = {
    subject: { type: 'deployment', id: 'ministry-of-assessment/desk-1' },
    action: { name: 'surveillance.intelligence-analysis' },
    resource: { type: 'model', id: 'example-sonnet-20250514' },
    context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
  }
  return `curl -s ${address}/access/v1/evaluation -H 'content-type: application/json' -d '${JSON.stringify(body)}'`
}

/** The receipt of the last decision, and its verification by whoever has the receipt and trusts the keys. */
function aboutReceipt({ path, isTemporary }: EvidencePlace): string {
  const log = shown(path)
  const end = isTemporary ? '\nThe log is removed when the server ends; --log DIR keeps one.\n' : ''
  return `Verify it, offline, by its receipt, which can be had within ten seconds:

bin/proviso log receipt latest --log ${log} -o decision.proviso-receipt
bin/proviso log verify decision.proviso-receipt --trust ${shown(join(path, TRUST))}
${end}`
}

/** What there is in a register in which a story was told, and an act of somebody in it. */
function exampleCommands(args: Arguments, address: string): string {
  const officer = `--by officer --role safeguards-officer --key ${shown(officersKey(args))}`
  return [
    'case list',
    'contract show osint-2026',
    `contract suspend osint-2026 --set reasons=Misuse ${officer}`,
  ]
    .map((command) => `bin/proviso ${command} --server ${address}`)
    .join('\n')
}

function officersKey(args: Arguments): string {
  return join(keysOf(args), 'officer.key')
}

/** A path as a shell reads it, from where the server was started when it is below. */
function shown(path: string): string {
  const below = relative(process.cwd(), path)
  return quoted(below === '' || below.split(sep)[0] === '..' ? path : below)
}

/** A word as a shell reads it. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
