import { expect, test } from 'vitest'
import { randomOf } from '../../bench/example.ts'
import { type Call, type Fault, SimulatedFiles } from '../../test/simulated-files.ts'
import { bytesOf } from '../bytes.ts'
import { replaceFile } from './files.ts'
import { Journal } from './journal.ts'

// What a journal keeps through a call that fails and a process that ends. test/crash.test.ts does so at random.

const SEGMENT_BYTES = 1_024

/** How many ways of losing power are tried. */
const CRASHES = 50

async function openJournal(files: SimulatedFiles): Promise<{
  readonly journal: Journal
  readonly texts: readonly string[]
}> {
  const options = { files, segmentBytes: SEGMENT_BYTES, signedSize: 0 }
  const { journal, entries } = await Journal.open(options)
  return { journal, texts: entries.map((entry) => Buffer.from(entry).toString()) }
}

function append(journal: Journal, text: string): Promise<boolean> {
  return journal.append([{ entry: bytesOf(text), sidecar: new Uint8Array() }])
}

/** What a journal still holds after each of many losses of power: one list when they agree. */
async function textsAfterCrashes(files: SimulatedFiles): Promise<readonly string[]> {
  const lists = new Set<string>()
  for (let seed = 0; seed < CRASHES; seed++) {
    const { texts } = await openJournal(files.clone().crash(randomOf(seed), 'any'))
    lists.add(texts.map((text) => text.slice(0, 9)).join())
  }
  return [...lists]
}

/** What becomes of the next call that something holds of. */
function next(files: SimulatedFiles, isMeant: (call: Call) => boolean, fault: Fault): void {
  files.onCall = (call): Fault | undefined => {
    if (!isMeant(call)) return undefined
    files.onCall = undefined
    return fault
  }
}

/** Longer than what a segment still has room for after one such entry. */
const LONG = 'x'.repeat(700)

test('an append that fails while a segment is begun takes none with it that come after', async () => {
  for (const kind of ['rename', 'syncDirectory', 'open', 'read-part', 'close'] as const) {
    for (const when of ['before', 'after'] as const) {
      const files = new SimulatedFiles()
      const { journal } = await openJournal(files)
      await append(journal, `first ${LONG}`)
      await journal.reserve()
      next(files, (call) => call.kind === kind, { kind: 'error', code: 'EIO', when })
      await expect(append(journal, `lost ${LONG}`)).rejects.toThrow()
      await append(journal, 'second')
      await append(journal, `third ${LONG}`)
      const { texts } = await openJournal(files.kill())
      const kept = texts.filter((text) => !text.startsWith('lost'))
      expect(kept, `${kind}, ${when}`).toEqual([`first ${LONG}`, 'second', `third ${LONG}`])
    }
  }
})

test('what a killed process left unsynced is on the disk once the journal is open', async () => {
  const files = new SimulatedFiles()
  const { journal } = await openJournal(files)
  await append(journal, 'first')
  next(files, ({ kind }) => kind === 'sync', { kind: 'off', when: 'before' })
  await expect(append(journal, 'second')).rejects.toThrow()
  const after = files.kill()
  const { texts } = await openJournal(after)
  expect(texts).toEqual(['first', 'second'])
  expect(await textsAfterCrashes(after)).toEqual(['first,second'])
})

test('what a sync that failed left behind is on the disk once the journal is open', async () => {
  const files = new SimulatedFiles()
  const { journal } = await openJournal(files)
  await append(journal, 'first')
  const fault = { kind: 'error', code: 'EIO', when: 'before' } as const
  next(files, ({ kind }) => kind === 'sync', fault)
  await expect(append(journal, 'second')).rejects.toMatchObject({ code: 'sync-failed' })
  const after = files.kill()
  await openJournal(after)
  expect(await textsAfterCrashes(after)).toEqual(['first,second'])
})

test('a segment whose name a killed process left unsynced keeps what is put into it', async () => {
  const files = new SimulatedFiles()
  const { journal } = await openJournal(files)
  await append(journal, `first ${LONG}`)
  await journal.reserve()
  next(files, ({ kind }) => kind === 'syncDirectory', { kind: 'off', when: 'before' })
  await expect(append(journal, LONG)).rejects.toThrow()
  const after = files.kill()
  const { journal: reopened } = await openJournal(after)
  await append(reopened, 'second')
  expect(await textsAfterCrashes(after)).toEqual(['first xxx,second'])
})

test('a sync that failed is told of even where closing the file fails too', async () => {
  const files = new SimulatedFiles()
  files.onCall = ({ kind }): Fault | undefined => {
    const isMeant = kind === 'sync' || kind === 'close'
    return isMeant ? { kind: 'error', code: 'EIO', when: 'before' } : undefined
  }
  await expect(replaceFile(files, 'a', bytesOf('x'))).rejects.toMatchObject({ code: 'sync-failed' })
})
