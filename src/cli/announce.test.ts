import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { spawnProviso } from '../../test/proviso.ts'
import { printVerifier } from '../log/key.ts'
import { signerOf } from '../log/signer.ts'

const TEMP = mkdtempSync(join(tmpdir(), 'proviso-announce-'))
afterAll(() => rmSync(TEMP, { recursive: true }))

test.for([
  [[], /^Serving the bundle of http:\/\/127.0.0.1:9 at \S+: the register has given no bundle yet/],
  [['--json'], /"bundle":null/],
] as const)('a decision point that has no bundle yet names none: %j', async ([json, said]) => {
  const publisher = join(TEMP, 'publisher.key.pub')
  const trust = join(TEMP, 'trust')
  const verifierOf = (name: string): string =>
    printVerifier(signerOf(name, Buffer.alloc(32, 1)).verifier)
  writeFileSync(publisher, `${verifierOf('register.example/bundles')}\n`)
  writeFileSync(trust, `log ${verifierOf('register.example/governance')}\nquorum none\n`)
  const believed = ['--publisher', publisher, '--trust', trust, '--log', join(TEMP, 'log')]
  const asked = ['serve', '--control', 'http://127.0.0.1:9', ...believed, '--port', '0']
  const point = spawnProviso([...asked, ...json])
  const lines = createInterface({ input: point.stdout })[Symbol.asyncIterator]()
  expect((await lines.next()).value).toMatch(said)
  point.kill('SIGINT')
  expect((await once(point, 'close'))[0]).toBe(0)
})
