import { beforeAll, describe, expect, test } from 'vitest'
import {
  DECISIONS,
  DECISIONS_KEY,
  decisionLog,
  entryItem,
  envelopeOf,
  faultsOf,
  LogWorld,
  overwrite,
  pathsBelow,
  recordItem,
  START,
  signerNamed,
  thousandDecisions,
} from '../../test/log-world.ts'
import { at } from '../assert.ts'
import { bytesOf } from '../bytes.ts'
import type { Fault } from './fault.ts'
import type { LogFiles } from './files.ts'
import { fsck } from './fsck.ts'
import { shredSidecar } from './journal.ts'
import { knownLogs } from './known-log.ts'
import type { Item } from './sequencer.ts'

let original: LogWorld

beforeAll(async () => {
  original = await thousandDecisions()
})

describe('what is as it was written', () => {
  test('logs of 1,000 decisions and five anchors have no fault, and nothing is left out', async () => {
    const { logs, findings } = await fsck(original.options)
    expect([findings.faults, findings.notes]).toEqual([[], []])
    expect(logs).toMatchObject([
      { folder: 'governance', entries: 5, anchors: 5 },
      { folder: 'decisions-main-1', origin: DECISIONS, entries: 1_000, shredded: 0 },
    ])
  })

  test.each([0, 1, 255, 256, 257, 513])('a log of %i has no fault', async (size) => {
    const world = await LogWorld.create()
    await world.decide(size, 100)
    await world.anchor()
    expect(await faultsOf(world)).toEqual([])
  })

  test('a shredded payload is counted and is no fault; permits are then not counted anew', async () => {
    const world = await original.copy()
    await shredSidecar(world.decisionFiles, 49)
    await shredSidecar(world.decisionFiles, 50)
    const { logs, findings } = await fsck(world.options)
    expect(findings.faults).toEqual([])
    expect(findings.notes.map(({ code }) => code)).toEqual(['not-checked'])
    expect(logs[1]).toMatchObject({ shredded: 2 })
  })

  test('a log that a server writes meanwhile has no fault', async () => {
    const world = await original.copy()
    let isWriting = true
    const writing = (async (): Promise<void> => {
      for (let i = 0; i < 20 && isWriting; i++) {
        await world.decide(31)
        await world.anchor()
      }
    })()
    const faults: string[] = []
    for (let looks = 0; looks < 5; looks++) faults.push(...(await faultsOf(world)))
    isWriting = false
    await writing
    expect(faults).toEqual([])
    expect(await faultsOf(world)).toEqual([])
  })
})

describe('files', () => {
  test.each([
    ['tile/0/001', 'decisions-main-1/tile/0/001: it is not there'],
    ['tile/entries/003.p/232', 'decisions-main-1/tile/entries/003.p/232: it is not there'],
    ['tile/1/000.p/3', 'decisions-main-1/tile/1/000.p/3: it is not there'],
    ['signed', 'decisions-main-1/signed: it is not there, and checkpoint is'],
  ])('%s that is missing is told', async (path, sentence) => {
    const world = await original.copy()
    await world.decisionFiles.remove(path)
    expect(await faultsOf(world)).toEqual([sentence])
  })

  test.each(['tile/0/x001', 'tile/0/0000', 'tile/0/003.p/007', 'tile/notes', 'journal/notes'])(
    '%s is no file of a log',
    async (path) => {
      const world = await original.copy()
      await (await world.decisionFiles.open(path, 'create')).close()
      const name = path.startsWith('tile') ? 'log' : 'journal'
      const sentence = `decisions-main-1/${path}: no ${name} has a file of this name; remove it`
      expect(await faultsOf(world)).toEqual([sentence])
    },
  )

  test('a tile of more entries than were ever logged is told', async () => {
    const world = await original.copy()
    const file = await world.decisionFiles.open('tile/0/004', 'create')
    await file.close()
    expect(await faultsOf(world)).toEqual([
      'decisions-main-1/tile: it has files of 1280 entries, and the journal has 1000',
    ])
  })

  test('a partial tile that is older and wrong is told', async () => {
    const world = await original.copy()
    const path = 'tile/0/003.p/26'
    const bytes = Uint8Array.from((await world.decisionFiles.read(path)) ?? [])
    bytes[0] = at(bytes, 0) ^ 1
    await overwrite(world.decisionFiles, path, bytes)
    expect(await faultsOf(world)).toEqual([
      `decisions-main-1/${path}: it does not hold the hashes that follow from the entries`,
    ])
  })

  test('a journal whose last segment is missing is told', async () => {
    const world = await original.copy()
    const [path = ''] = (await pathsBelow(world.decisionFiles, 'journal')).filter((name) =>
      name.endsWith('800.segment'),
    )
    await world.decisionFiles.remove(path)
    expect(await faultsOf(world)).toEqual([
      'decisions-main-1/journal: it ends after 800 entries, and 1000 are signed for',
    ])
  })

  test('a journal whose first segment is missing is told', async () => {
    const world = await original.copy()
    await world.decisionFiles.remove('journal/0000000000000000.segment')
    expect(await faultsOf(world)).toEqual([
      'decisions-main-1/journal: it begins with entry 400, and the log with entry 0',
    ])
  })
})

async function decisionFaults(items: readonly Item[]): Promise<readonly Fault[]> {
  const files = await decisionLog(items)
  const options = {
    ...original.options,
    logs: knownLogs([DECISIONS_KEY.verifier]),
    open: (): { source: LogFiles; files: LogFiles } => ({ source: files, files }),
  }
  const { findings } = await fsck(options)
  return [...findings.faults, ...findings.notes]
}

describe('entries of a decision log', () => {
  const items = (count: number): Item[] => Array.from({ length: count }, (_, i) => recordItem(i))

  test('a sequence number that is left out is told', async () => {
    const faults = await decisionFaults([...items(3), recordItem(4), recordItem(5)])
    expect(faults.map(({ where, message }) => `${where}: ${message}`)).toEqual([
      'decisions-main-1 entry 3: its sequence number is 4',
      'decisions-main-1 entry 4: its sequence number is 5',
    ])
  })

  test('what is no record is told', async () => {
    const faults = await decisionFaults([...items(1), entryItem(bytesOf('hello'))])
    expect(faults[0]).toMatchObject({ code: 'malformed-record', where: 'decisions-main-1 entry 1' })
  })

  test('a payload that its record does not commit to is told', async () => {
    const item = { ...recordItem(1), sidecar: recordItem(2).sidecar }
    const faults = await decisionFaults([recordItem(0), item])
    expect(faults).toMatchObject([
      { where: 'decisions-main-1 entry 1', message: 'its payload is not what it commits to' },
    ])
  })

  test('a payload that says another outcome than its record is told', async () => {
    const { commitment } = at(
      [recordItem(0)].map((item) => commitmentOf(item)),
      0,
    )
    const faults = await decisionFaults([
      { ...recordItem(0, { outcome: 'refer', commitment }), sidecar: recordItem(0).sidecar },
    ])
    expect(faults).toMatchObject([
      { code: 'wrong-payload', message: 'the payload states another outcome' },
    ])
  })

  test('a clock that was set back is a note', async () => {
    const faults = await decisionFaults([
      recordItem(0),
      recordItem(1, { at: START + 60_000 }),
      recordItem(2, { at: START + 100 }),
      recordItem(3, { at: START + 100 }),
    ])
    expect(faults).toMatchObject([{ code: 'clock-back', where: 'decisions-main-1 entry 2' }])
  })
})

function commitmentOf(item: Item): { commitment: Uint8Array<ArrayBuffer> } {
  return { commitment: Uint8Array.from(item.entry(0).subarray(83)) }
}

describe('entries of a governance log', () => {
  test('what is no statement is told', async () => {
    const world = await original.copy()
    await world.governance.append([entryItem(bytesOf('{}'))])
    await world.governance.integrate()
    expect(await faultsOf(world)).toEqual(['governance entry 5: this is no DSSE envelope'])
  })

  test('a statement of somebody else is told', async () => {
    const world = await original.copy()
    const stranger = signerNamed('stranger', 9)
    const payload = bytesOf(
      '{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"x","subject":[]}',
    )
    const entry = envelopeOf({ payloadType: 'application/json', payload }, stranger)
    await world.governance.append([entryItem(entry)])
    await world.governance.integrate()
    expect(await faultsOf(world)).toEqual([
      'governance entry 5: proviso.example/statements has not signed it',
    ])
    const { findings } = await fsck({ ...world.options, statements: [] })
    expect(findings.faults).toEqual([])
    expect(findings.notes).toMatchObject([{ code: 'not-checked' }])
  })

  test('anchors that pause are a note', async () => {
    const world = await original.copy()
    await world.anchor({}, 31_000)
    const { findings } = await fsck(world.options)
    expect(findings.faults).toEqual([])
    expect(findings.notes).toMatchObject([
      {
        code: 'silence',
        where: 'governance entry 5',
        message: 'there is no anchor from 2026-03-02T09:00:50Z to 2026-03-02T09:01:21Z',
      },
    ])
  })

  test('anchors that go back in time are told', async () => {
    const world = await original.copy()
    await world.anchor({}, -1)
    expect(await faultsOf(world)).toEqual([
      'governance entry 5: it is of 2026-03-02T09:00:49.999Z, and the anchor before is of 2026-03-02T09:00:50Z',
    ])
  })
})

describe('what is not listed', () => {
  test('over HTTP, what has to be there is checked', async () => {
    const { findings, logs } = await fsck(withoutLists(original))
    expect(findings.faults).toEqual([])
    expect(logs.map(({ entries }) => entries)).toEqual([5, 1_000])
  })

  test('over HTTP, a tile that is wrong is told', async () => {
    const world = await original.copy()
    await overwrite(world.decisionFiles, 'tile/0/002', new Uint8Array(8_192))
    const { findings } = await fsck(withoutLists(world))
    expect(findings.faults.map(({ where }) => where)).toEqual(['decisions-main-1/tile/0/002'])
  })
})

function withoutLists({ options }: LogWorld): LogWorld['options'] {
  return { ...options, open: (folder) => ({ source: options.open(folder).source, files: null }) }
}
