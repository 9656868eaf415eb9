import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { signerNamed } from '../../test/log-world.ts'
import { digestOf } from '../digest.ts'
import { Evidence, type EvidenceOptions } from './evidence.ts'
import { printVerifier } from './key.ts'
import { createLogDirectory, GOVERNANCE_FOLDER } from './log-directory.ts'
import { signerOf } from './signer.ts'
import { parseTrust } from './trust.ts'

const SEGMENT_BYTES = 2_162_688
const BUNDLE = digestOf('ab'.repeat(32))

/** Evidence in a directory of its own, which is closed when the test ends. */
async function opened(more: Partial<EvidenceOptions> = {}): Promise<Evidence> {
  const path = mkdtempSync(join(tmpdir(), 'proviso-evidence-'))
  createLogDirectory(path, { host: 'proviso.example', name: 'main' })
  const evidence = await Evidence.open({
    path,
    clock: Date.now,
    bundle: () => BUNDLE,
    segmentBytes: SEGMENT_BYTES,
    onTrouble: () => undefined,
    onStopped: () => undefined,
    ...more,
  })
  onTestFinished(async () => {
    await evidence.close()
    rmSync(path, { recursive: true })
  })
  return evidence
}

test('a checkpoint that was kept back is not there, rather than empty', async () => {
  const witness = signerOf('witness.example/1', new Uint8Array(32).fill(9), 'cosignature')
  const away = `witness away ${printVerifier(witness.verifier)} http://127.0.0.1:9/\nquorum away\n`
  const log = `log ${printVerifier(signerNamed('proviso.example/governance').verifier)}\n`
  const trust = await parseTrust(log + away)
  if (!trust.ok) throw new Error(trust.error.message)
  const evidence = await opened({ witnesses: { trust: trust.value, isRequired: true } })
  expect(await evidence.read(GOVERNANCE_FOLDER, 'checkpoint')).toBeUndefined()
})
