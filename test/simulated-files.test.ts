import { expect, test } from 'vitest'
import { type Random, randomOf } from '../bench/example.ts'
import { bytesOf } from '../src/bytes.ts'
import { replaceFile, TOP } from '../src/log/files.ts'
import { type CallKind, type Fault, PoweredOff, SimulatedFiles } from './simulated-files.ts'

// The simulated disk loses what a disk may lose, and nothing else.

const CRASHES = 200

/** What is found in a file after each of many crashes: every text once. Null: there is no such file. */
async function foundAfterCrashes(
  files: SimulatedFiles,
  path: string,
  order: 'ordered' | 'any' = 'any',
): Promise<ReadonlySet<string | null>> {
  const found = new Set<string | null>()
  for (let seed = 0; seed < CRASHES; seed++) {
    const after = files.clone().crash(randomOf(seed), order)
    found.add(await textIn(after, path))
  }
  return found
}

async function textIn(files: SimulatedFiles, path: string): Promise<string | null> {
  const bytes = await files.read(path)
  return bytes ? Buffer.from(bytes).toString('latin1') : null
}

interface Wanted {
  readonly path?: string
  readonly text: string
  readonly at?: number
  readonly isSynced?: boolean
}

/** Writes into a file, which it makes when it is not there. */
async function put(files: SimulatedFiles, wanted: Wanted): Promise<void> {
  const { path = 'a', text, at = 0, isSynced = false } = wanted
  const isThere = (await files.read(path)) !== undefined
  const file = await files.open(path, isThere ? 'existing' : 'create')
  await file.write(bytesOf(text), at)
  if (isSynced) await file.sync()
  await file.close()
}

/** Files with one file `a` that is on the disk for good. */
async function filesWith(text: string): Promise<SimulatedFiles> {
  const files = new SimulatedFiles()
  await put(files, { text, isSynced: true })
  await files.syncDirectory(TOP)
  return files
}

/** Fails the next call of a kind. */
function failing(files: SimulatedFiles, kind: CallKind, fault: Fault): void {
  files.onCall = (call): Fault | undefined => {
    if (call.kind !== kind) return undefined
    files.onCall = undefined
    return fault
  }
}

const neverCalled: Random = () => {
  throw new Error('nothing was to be drawn')
}

test('what is synced and whose name is synced is there after a crash', async () => {
  const files = await filesWith('kept')
  expect(await textIn(files.crash(neverCalled, 'any'), 'a')).toBe('kept')
})

test('a file that is synced is gone when its name was not', async () => {
  const files = new SimulatedFiles()
  await put(files, { text: 'kept', isSynced: true })
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set([null, 'kept']))
})

test('a name that is synced may lead to a file without its bytes', async () => {
  const files = new SimulatedFiles()
  await put(files, { text: 'ab' })
  await files.syncDirectory(TOP)
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set(['', '\0\0', 'ab']))
})

test('a directory whose own name is not synced is gone with all that is in it', async () => {
  const files = new SimulatedFiles()
  await files.makeDirectory('d')
  await put(files, { path: 'd/a', text: 'kept', isSynced: true })
  await files.syncDirectory('d')
  expect(await foundAfterCrashes(files, 'd/a')).toEqual(new Set([null, 'kept']))
})

test('a write that is not synced is there, is not, or is torn between blocks', async () => {
  const files = await filesWith('-'.repeat(1_024))
  await put(files, { text: 'x'.repeat(1_024) })
  const halves = (await foundAfterCrashes(files, 'a')).values()
  const shapes = new Set(halves.map((text) => `${text?.[0]}${text?.[511]}${text?.[512]}`))
  expect(shapes).toEqual(new Set(['---', 'xxx', 'xx-', '--x']))
})

test('a block within 512 bytes is never torn', async () => {
  const files = await filesWith('----')
  await put(files, { text: 'xx', at: 1 })
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set(['----', '-xx-']))
})

test('of two writes to one block the second is never there without the first', async () => {
  const files = await filesWith('----')
  await put(files, { text: 'x', at: 0 })
  await put(files, { text: 'y', at: 1 })
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set(['----', 'x---', 'xy--']))
})

test('a file may have its new length without its new bytes, which then read as zeros', async () => {
  const files = await filesWith('ab')
  await put(files, { text: 'cd', at: 2 })
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set(['ab', 'ab\0\0', 'abcd']))
})

test('a later write may be there without an earlier one to another block', async () => {
  const files = await filesWith('-'.repeat(1_024))
  await put(files, { text: 'x', at: 0 })
  await put(files, { text: 'y', at: 512 })
  const found = await foundAfterCrashes(files, 'a')
  expect([...found].some((text) => text?.[0] === '-' && text[512] === 'y')).toBe(true)
})

test('bytes beyond the end that a crash left do not come back when the file grows', async () => {
  const files = await filesWith('ab')
  await put(files, { text: 'cd', at: 2 })
  for (let seed = 0; seed < CRASHES; seed++) {
    const after = files.clone().crash(randomOf(seed), 'any')
    if ((await textIn(after, 'a')) !== 'ab') continue
    await put(after, { text: 'e', at: 4 })
    expect(await textIn(after, 'a')).toBe('ab\0\0e')
  }
})

test('a rename that is not synced has happened or has not, and never half', async () => {
  const files = await filesWith('old')
  await put(files, { path: 'b', text: 'new', isSynced: true })
  await files.syncDirectory(TOP)
  await files.rename('b', 'a')
  for (let seed = 0; seed < CRASHES; seed++) {
    const after = files.clone().crash(randomOf(seed), 'any')
    const both = `${await textIn(after, 'a')} ${await textIn(after, 'b')}`
    expect(['old new', 'new null']).toContain(both)
  }
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set(['old', 'new']))
})

test('a file that is replaced is the old or the new one at every crash', async () => {
  const files = await filesWith('old')
  await replaceFile(files, 'a', bytesOf('new'))
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set(['new']))
})

test('with ordered metadata a later operation is never there without an earlier one', async () => {
  const files = new SimulatedFiles()
  await files.makeDirectory('first')
  await files.makeDirectory('second')
  const found = async (order: 'ordered' | 'any'): Promise<ReadonlySet<string>> => {
    const lists = Array.from({ length: CRASHES }, (_, seed) =>
      files.clone().crash(randomOf(seed), order).list(TOP),
    )
    return new Set((await Promise.all(lists)).map((names) => names.toSorted().join()))
  }
  expect(await found('ordered')).toEqual(new Set(['', 'first', 'first,second']))
  expect(await found('any')).toEqual(new Set(['', 'first', 'second', 'first,second']))
})

test('a file has its bytes under each of its names until the last one is removed', async () => {
  const files = await filesWith('kept')
  await files.link('a', 'b')
  await files.remove('a')
  await files.syncDirectory(TOP)
  const after = files.crash(neverCalled, 'any')
  expect([await textIn(after, 'a'), await textIn(after, 'b')]).toEqual([null, 'kept'])
})

test('a file that was removed and not synced may be there after a crash', async () => {
  const files = await filesWith('kept')
  await files.remove('a')
  expect(await files.read('a')).toBeUndefined()
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set([null, 'kept']))
})

test('a file that was made and removed and not synced may be back after a crash', async () => {
  const files = new SimulatedFiles()
  await put(files, { text: 'kept', isSynced: true })
  await files.remove('a')
  expect(await foundAfterCrashes(files, 'a', 'any')).toEqual(new Set([null, 'kept']))
})

test('a directory is removed with all that is in it', async () => {
  const files = new SimulatedFiles()
  await files.makeDirectory('d')
  await put(files, { path: 'd/a', text: 'x' })
  await files.remove('d')
  expect(await files.list(TOP)).toEqual([])
  expect(await files.list('d')).toEqual([])
})

test('a killed process leaves all that it wrote, which a crash may still take', async () => {
  const files = await filesWith('-')
  await put(files, { text: 'x' })
  const after = files.kill()
  expect(await textIn(after, 'a')).toBe('x')
  expect(await foundAfterCrashes(after, 'a')).toEqual(new Set(['-', 'x']))
})

test('nothing can be called after a crash or a kill', async () => {
  const files = await filesWith('-')
  const file = await files.open('a', 'existing')
  files.kill()
  await expect(files.read('a')).rejects.toBeInstanceOf(PoweredOff)
  await expect(file.write(bytesOf('x'), 0)).rejects.toBeInstanceOf(PoweredOff)
})

test('a copy and what it was made from do not see each other', async () => {
  const files = await filesWith('-')
  const copy = files.clone()
  await put(files, { text: 'x' })
  expect(await textIn(copy, 'a')).toBe('-')
  await put(copy, { text: 'y' })
  await copy.makeDirectory('d')
  expect([await textIn(files, 'a'), await textIn(copy, 'a')]).toEqual(['x', 'y'])
  expect(await files.list(TOP)).toEqual(['a'])
})

test('a call that fails before it took effect changes nothing, and one after it has', async () => {
  for (const when of ['before', 'after'] as const) {
    const files = await filesWith('-')
    failing(files, 'makeDirectory', { kind: 'error', code: 'EROFS', when })
    await expect(files.makeDirectory('d')).rejects.toMatchObject({ code: 'EROFS' })
    expect(await files.list(TOP)).toEqual(when === 'before' ? ['a'] : ['d', 'a'])
  }
})

test('a sync that failed is not mended by the next one', async () => {
  const files = await filesWith('-')
  failing(files, 'sync', { kind: 'error', code: 'EIO', when: 'before' })
  await expect(put(files, { text: 'x', isSynced: true })).rejects.toMatchObject({ code: 'EIO' })
  const file = await files.open('a', 'existing')
  await file.sync()
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set(['-', 'x']))
  await file.write(bytesOf('x'), 0)
  await file.sync()
  expect(await foundAfterCrashes(files, 'a')).toEqual(new Set(['x']))
})

test('a short write takes as much as it says', async () => {
  const files = await filesWith('----')
  failing(files, 'write', { kind: 'short', bytes: 3 })
  const file = await files.open('a', 'existing')
  expect(await file.write(bytesOf('xxxx'), 0)).toBe(3)
  expect(await textIn(files, 'a')).toBe('xxx-')
})

test('a process that ends within a write has written half of it', async () => {
  const written = { before: '----', middle: 'xx--', after: 'xxxx' }
  for (const when of ['before', 'middle', 'after'] as const) {
    const files = await filesWith('----')
    failing(files, 'write', { kind: 'off', when })
    await expect(put(files, { text: 'xxxx' })).rejects.toBeInstanceOf(PoweredOff)
    await expect(files.list(TOP)).rejects.toBeInstanceOf(PoweredOff)
    expect(await textIn(files.kill(), 'a')).toBe(written[when])
  }
})

test('calls are counted, all and of each kind', async () => {
  const files = new SimulatedFiles()
  const counts: string[] = []
  files.onCall = ({ kind, path, count, countOfKind }): undefined => {
    counts.push(`${kind} ${path} ${count} ${countOfKind}`)
  }
  await files.makeDirectory('d')
  await files.list('d')
  await files.makeDirectory('e')
  expect(counts).toEqual(['makeDirectory d 1 1', 'list d 2 1', 'makeDirectory e 3 2'])
  expect(files.calls).toBe(3)
})

test('a full disk takes what fits, then refuses, and has room again when a file is removed', async () => {
  const files = await filesWith('----')
  files.capacityBytes = 6
  const file = await files.open('b', 'create')
  expect(await file.write(bytesOf('xxxx'), 0)).toBe(2)
  await expect(file.write(bytesOf('xx'), 2)).rejects.toMatchObject({ code: 'ENOSPC' })
  // What is written over takes no room.
  expect(await file.write(bytesOf('yy'), 0)).toBe(2)
  await files.remove('a')
  expect(await file.write(bytesOf('zzzz'), 2)).toBe(4)
})

test('a file that is open takes room until it is closed', async () => {
  const files = await filesWith('----')
  files.capacityBytes = 4
  const file = await files.open('a', 'existing')
  await files.remove('a')
  expect(await file.read(0, 8)).toEqual(bytesOf('----'))
  await expect(put(files, { path: 'b', text: 'x' })).rejects.toMatchObject({ code: 'ENOSPC' })
  await file.close()
  await put(files, { path: 'b', text: 'x' })
  await expect(file.size()).rejects.toMatchObject({ code: 'EBADF' })
})

test('what is not there is read as nothing, and opened, renamed or linked not at all', async () => {
  const files = await filesWith('-')
  expect([await files.read('x'), await files.list('x')]).toEqual([undefined, []])
  await files.remove('x')
  const refused = { code: 'ENOENT' }
  await expect(files.open('x', 'existing')).rejects.toMatchObject(refused)
  await expect(files.open('x/y', 'create')).rejects.toMatchObject(refused)
  await expect(files.rename('x', 'y')).rejects.toMatchObject(refused)
  await expect(files.link('x', 'y')).rejects.toMatchObject(refused)
  await expect(files.syncDirectory('x')).rejects.toMatchObject(refused)
  const taken = { code: 'EEXIST' }
  await expect(files.open('a', 'create')).rejects.toMatchObject(taken)
  await expect(files.link('a', 'a')).rejects.toMatchObject(taken)
  await expect(files.makeDirectory('a')).rejects.toMatchObject({ code: 'ENOTDIR' })
})

test('a seed gives the same crash each time', async () => {
  const files = await filesWith('-'.repeat(4_096))
  await put(files, { text: 'x'.repeat(4_096) })
  for (let seed = 0; seed < 20; seed++) {
    const [one, other] = [1, 2].map(() => files.clone().crash(randomOf(seed), 'any'))
    expect(await one?.read('a')).toEqual(await other?.read('a'))
  }
})
