import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { proviso } from '../../test/proviso.ts'
import { digestOf } from '../digest.ts'
import { parseAnchor } from './anchor.ts'
import { parseEnvelope } from './dsse.ts'
import { Evidence, type EvidenceOptions } from './evidence.ts'
import { printVerifier } from './key.ts'
import { createLogDirectory, GOVERNANCE_FOLDER } from './log-directory.ts'
import { signerOf } from './signer.ts'
import { parseEntries } from './tile.ts'
import { parseTrust } from './trust.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-evidence-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

const BUNDLE = digestOf('0'.repeat(64))

function opened(path: string, at: number, more: Partial<EvidenceOptions> = {}): Promise<Evidence> {
  const throwing = (error: Error): never => {
    throw error
  }
  const handlers = { onTrouble: throwing, onStopped: throwing }
  return Evidence.open({ path, clock: () => at, bundle: () => BUNDLE, ...handlers, ...more })
}

test('anchors stay in order though the clock is set back', async () => {
  const path = join(TEMP, 'clock')
  createLogDirectory(path, { host: 'log.example', name: 'main' })
  const noon = Date.UTC(2026, 2, 2, 12)
  for (const at of [noon, noon - 3_600_000]) {
    const evidence = await opened(path, at)
    await evidence.anchor()
    await evidence.close()
  }
  expect(await proviso(['log', 'fsck', path, '--json'])).toMatchObject({ code: 0 })
})

test('a size is anchored with the plain permits that its counts add up to', async () => {
  const path = join(TEMP, 'counts')
  createLogDirectory(path, { host: 'log.example', name: 'main' })
  const at = Date.UTC(2026, 2, 2, 12)
  const request = { id: null, customer: 'agency', deployment: 'desk', model: 'm', facts: {}, at }
  const first = await opened(path, at)
  for (let i = 0; i < 3; i++) first.count({ ...request, uses: ['general'], signals: [] }, at)
  await first.close()
  const second = await opened(path, at + 1)
  second.count({ ...request, uses: ['general', 'advice.legal'], signals: [] }, at + 1)
  await second.close()
  const entries = parseEntries(readFileSync(join(path, 'governance/tile/entries/000.p/2')), 2)
  const anchors = (entries.ok ? entries.value : []).map(async (entry) => {
    const envelope = parseEnvelope(entry)
    const anchor = envelope.ok ? await parseAnchor(envelope.value) : envelope
    return anchor.ok ? anchor.value.logs.map(({ entries: size, permits }) => [size, permits]) : []
  })
  expect(await Promise.all(anchors)).toEqual([[[1, 3]], [[2, 4]]])
  // Which checks the same against the payloads.
  expect(await proviso(['log', 'fsck', path])).toMatchObject({ code: 0 })
})

test('a checkpoint that was kept back is not there, rather than empty', async () => {
  const path = join(TEMP, 'kept-back')
  createLogDirectory(path, { host: 'log.example', name: 'main' })
  const witness = signerOf('witness.example/1', new Uint8Array(32).fill(9), 'cosignature')
  const away = `witness away ${printVerifier(witness.verifier)} http://127.0.0.1:9/\n`
  const trust = await parseTrust(`${away}quorum away\n`)
  if (!trust.ok) throw new Error(trust.error.message)
  const witnesses = { trust: trust.value, isRequired: true }
  const evidence = await opened(path, 0, { witnesses, onTrouble: () => undefined })
  expect(await evidence.read(GOVERNANCE_FOLDER, 'checkpoint')).toBeUndefined()
  await evidence.close()
})
