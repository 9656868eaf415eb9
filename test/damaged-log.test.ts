import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { BOUND, setWritable } from './file-modes.ts'
import { proviso } from './proviso.ts'
import { ask, askAll, denialOf, QUESTIONS } from './questions.ts'
import { recordsIn } from './records.ts'
import {
  DECISIONS,
  startServer,
  TEMP,
  unsignedArgs,
  until,
  untilPublished,
} from './running-server.ts'

// Directories of logs that are not as a server left them. Each test damages a copy of one directory.

/** A log of several tiles that are signed for, and then three batches that are in the journal alone. */
const WHOLE = join(TEMP, 'whole')

/** Entries that are signed for; then come batches of one, two and three. */
const SIGNED = 300
const SIZE = SIGNED + 1 + 2 + 3

/** In the last batch alone, and in the one before it. */
const [LAST, SECOND, EARLY] = ['marker-last', 'marker-second', 'marker-early']

beforeAll(async () => {
  const server = await startServer(WHOLE, { under: BOUND })
  await ask(server, denialOf(EARLY))
  await askAll(server, Array(SIGNED - 1).fill(QUESTIONS.deny))
  await untilPublished(server)
  setWritable(join(WHOLE, DECISIONS), false)
  await ask(server, QUESTIONS['permit-under-exception'])
  await askAll(server, Array(2).fill(denialOf(SECOND)))
  await askAll(server, Array(3).fill(denialOf(LAST)))
  await server.kill()
  setWritable(join(WHOLE, DECISIONS), true)
})

let copies = 0

function copied(): string {
  const log = join(TEMP, `copy-${copies++}`)
  // A socket is not copied: the holder of the lock is gone anyhow. Room in reserve is made again.
  cpSync(WHOLE, log, { recursive: true, filter: (path) => !/\/(?:lock|next)$/.test(path) })
  return log
}

const JOURNAL = join(DECISIONS, 'journal/0000000000000000.segment')

function changeFile(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path)
  change(bytes)
  writeFileSync(path, bytes)
}

/** Flips a bit of the byte at an offset. */
function flip(bytes: Buffer, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 1
}

function zero(bytes: Buffer, from: number, to: number = bytes.length): void {
  bytes.fill(0, from, to)
}

/** Where the batch begins whose payloads a text stands first in: its segment's nonce stands there. */
function batchWith(segment: Buffer, marker: string): number {
  const nonce = segment.subarray(16, 28)
  return segment.lastIndexOf(nonce, segment.indexOf(marker))
}

/** Where the last batch ends: zeros follow. */
function endOf(segment: Buffer): number {
  let end = segment.length
  while (segment[end - 1] === 0) end--
  return Math.ceil(end / 8) * 8
}

describe('of what nobody was told', () => {
  const TAILS: readonly (readonly [string, number, (segment: Buffer) => void])[] = [
    ['nothing is damaged', SIZE, (): void => undefined],
    [
      'something else follows the last batch',
      SIZE,
      (segment): void => {
        const end = endOf(segment)
        for (let i = 0; i < 5_000; i++) segment[end + i] = (i * 37 + 11) % 256
      },
    ],
    [
      'the last batch is cut short',
      SIZE - 3,
      (segment): void => zero(segment, endOf(segment) - 600),
    ],
    [
      'only the end of the last batch was written',
      SIZE - 3,
      (segment): void => zero(segment, batchWith(segment, LAST), batchWith(segment, LAST) + 64),
    ],
    [
      'a payload of the last batch is torn',
      SIZE - 3,
      (segment): void => flip(segment, segment.indexOf(LAST)),
    ],
    [
      'the last batch is gone',
      SIZE - 3,
      (segment): void => zero(segment, batchWith(segment, LAST), endOf(segment)),
    ],
  ]

  test.each(TAILS)('when %s, %i entries are kept and the log goes on', async (_, size, change) => {
    const log = copied()
    changeFile(join(log, JOURNAL), change)
    const server = await startServer(log)
    expect((await ask(server, QUESTIONS.deny)).context.record).toBe(`main-1/${size}`)
    expect((await server.end()).code).toBe(0)
    const records = await recordsIn(log)
    expect([...records.keys()]).toEqual(Array.from({ length: size + 1 }, (_unused, i) => i))
    expect(records.get(SIGNED)?.record.outcome).toBe('permit-under-exception')
    expect(await proviso(['log', 'fsck', log])).toMatchObject({ code: 0 })
  })
})

/** What is done to a directory, and what a start says of it. */
type Damage = readonly [string, string, (log: string) => void]

const inJournal =
  (change: (segment: Buffer) => void) =>
  (log: string): void =>
    changeFile(join(log, JOURNAL), change)
const inFile =
  (path: string, change: (bytes: Buffer) => void) =>
  (log: string): void =>
    changeFile(join(log, path), change)
const without =
  (...paths: readonly string[]) =>
  (log: string): void => {
    for (const path of paths) rmSync(join(log, path), { recursive: true })
  }

const DAMAGED_JOURNAL =
  'is damaged at byte \\d+, before entries that were acknowledged; bring it back from a copy, or begin a new log'
const ENDS_BEFORE =
  'the log has signed for 300 entries and its journal ends before that; bring back the journal, or begin a new log'
const ELSE = '; bring it back from a copy, or begin a new log'

const DAMAGES: readonly Damage[] = [
  [
    'a bit of a batch that others follow',
    DAMAGED_JOURNAL,
    inJournal((segment): void => flip(segment, batchWith(segment, SECOND) + 60)),
  ],
  [
    'a bit of a payload that others follow and nothing is signed for',
    DAMAGED_JOURNAL,
    inJournal((segment): void => flip(segment, segment.indexOf(SECOND))),
  ],
  [
    'a bit of an entry that is signed for',
    DAMAGED_JOURNAL,
    inJournal((segment): void => flip(segment, batchWith(segment, EARLY) + 60)),
  ],
  [
    'a bit of the journal’s beginning',
    DAMAGED_JOURNAL,
    inJournal((segment): void => flip(segment, 3)),
  ],
  ['the journal', ENDS_BEFORE, without(join(DECISIONS, 'journal'))],
  ['the segment of the journal', ENDS_BEFORE, without(JOURNAL)],
  [
    'the journal from an entry on that is signed for',
    ENDS_BEFORE,
    inJournal((segment): void => zero(segment, batchWith(segment, EARLY) + 400)),
  ],
  [
    'a bit of the last tile',
    `the tiles are not of the tree that the checkpoint was signed for${ELSE}`,
    inFile(join(DECISIONS, 'tile/0/001.p/44'), (bytes): void => flip(bytes, 5)),
  ],
  [
    'a bit of the tile above it',
    `the tiles are not of the tree that the checkpoint was signed for${ELSE}`,
    inFile(join(DECISIONS, 'tile/1/000.p/1'), (bytes): void => flip(bytes, 31)),
  ],
  [
    'a bit of the last entries',
    `the tiles are not of the tree that the checkpoint was signed for${ELSE}`,
    inFile(join(DECISIONS, 'tile/entries/001.p/44'), (bytes): void => flip(bytes, 50)),
  ],
  [
    'the last tile',
    `the checkpoint is of 300 entries, and tile/0/001.p/44 is missing${ELSE}`,
    without(join(DECISIONS, 'tile/0/001.p')),
  ],
  [
    'all tiles',
    `the checkpoint is of 300 entries, and tile/0/001.p/44 is missing${ELSE}`,
    without(join(DECISIONS, 'tile')),
  ],
  [
    'a character of the size that is signed for',
    'signed: .*; bring it back from a copy',
    inFile(join(DECISIONS, 'signed'), (bytes): void => flip(bytes, bytes.indexOf('300'))),
  ],
  [
    'a character of the signature',
    'signed: .*; bring it back from a copy',
    inFile(join(DECISIONS, 'signed'), (bytes): void => flip(bytes, bytes.length - 9)),
  ],
  [
    'a character of what is published',
    'checkpoint: .*; bring it back from a copy',
    inFile(join(DECISIONS, 'checkpoint'), (bytes): void => flip(bytes, bytes.length - 9)),
  ],
  [
    'what is signed, and not what is published',
    'more entries were published than are signed for here: this is an older copy; bring back the newest, or begin a new log',
    without(join(DECISIONS, 'signed')),
  ],
  [
    'a bit of the governance log’s tile',
    `the tiles are not of the tree that the checkpoint was signed for${ELSE}`,
    (log): void => changeFile(lastGovernanceTile(log), (bytes) => flip(bytes, 0)),
  ],
  [
    'the governance log’s journal',
    'its journal ends before that; bring back the journal, or begin a new log',
    without('governance/journal'),
  ],
  [
    'a key',
    'keys/decisions-1.key: there is no such file; bring it back from a copy',
    without('keys/decisions-1.key'),
  ],
  [
    'a key’s mode',
    'keys/governance-1.key: others may read it; run `chmod 600 [^`]+keys/governance-1.key`',
    (log): void => chmodSync(join(log, 'keys/governance-1.key'), 0o640),
  ],
  [
    'a key’s text',
    'keys/statements-1.key is no private key',
    (log): void => writeFileSync(join(log, 'keys/statements-1.key'), 'no key\n'),
  ],
  [
    'the key of pseudonyms',
    'its key of pseudonyms is damaged',
    (log): void => writeFileSync(join(log, 'keys/pseudonyms-1.key'), 'no key\n'),
  ],
  [
    'the key, for that of another log',
    '(?:signed|checkpoint): .*; bring it back from a copy',
    (log): void => cpSync(join(log, 'keys/governance-1.key'), join(log, 'keys/decisions-1.key')),
  ],
  [
    'the configuration',
    'log.json is no proviso/log@1',
    (log): void => writeFileSync(join(log, 'log.json'), '{'),
  ],
  [
    'the configuration, for one of a later version',
    'log.json is no proviso/log@1',
    inText('log.json', 'proviso/log@1', 'proviso/log@2'),
  ],
  [
    'the configuration, which names a key that is not there',
    'keys/decisions-2.key: there is no such file; bring it back from a copy',
    inText('log.json', '"epoch": 1', '"epoch": 2'),
  ],
  [
    'the configuration itself',
    'holds other files and no logs; name an empty or a new directory',
    without('log.json'),
  ],
]

/** The tile of what is signed: on a slow machine there are more anchors than one by then. */
function lastGovernanceTile(log: string): string {
  const [, size] = readFileSync(join(log, 'governance/signed'), 'utf8').split('\n')
  return join(log, `governance/tile/0/000.p/${size}`)
}

function inText(path: string, from: string, to: string): (log: string) => void {
  return (log): void => {
    const text = readFileSync(join(log, path), 'utf8')
    expect(text).toContain(from)
    writeFileSync(join(log, path), text.replace(from, to))
  }
}

// These start no server that goes on, so some of them run at once.
test.concurrent.each(DAMAGES)(
  'a directory that lacks or has changed %s is refused',
  async (_, why, damage) => {
    const log = copied()
    damage(log)
    const { code, stdout, stderr } = await proviso([...unsignedArgs(log), '--port', '0'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(new RegExp(`^proviso: (?:[^\\n]*[ /])?${why}\\n$`))
  },
)

test('a payload that is damaged after it was signed for stops no server, and is told of', async () => {
  const log = copied()
  changeFile(join(log, JOURNAL), (segment): void => flip(segment, segment.indexOf(EARLY)))
  const server = await startServer(log)
  await until(async () => (await ask(server, QUESTIONS.deny)).context.record !== undefined)
  await server.end()
  const exported = await proviso(['log', 'export', '--log', log])
  expect(exported.code).toBe(1)
  expect(exported.stderr).toContain('1 record damaged')
  expect((await proviso(['log', 'fsck', log])).code).toBe(1)
})

test('a decision log that is shorter than it was when it was anchored is refused', async () => {
  const log = join(TEMP, 'anchored')
  const server = await startServer(log)
  await askAll(server, Array(3).fill(QUESTIONS.deny))
  expect((await server.end()).code).toBe(0)
  rmSync(join(log, DECISIONS), { recursive: true })
  expect(await proviso([...unsignedArgs(log), '--port', '0'])).toMatchObject({
    code: 2,
    stderr:
      'proviso: localhost/decisions/main/1 had 3 entries when it was anchored, and 0 are here: this is an older copy; bring back the newest, or begin a new log\n',
  })
  // What it says to do does it.
  await proviso(['log', 'key', 'decisions', '--log', log])
  const next = await startServer(log)
  expect((await ask(next, QUESTIONS.deny)).context.record).toBe('main-2/0')
})
