import type { FastifyInstance } from 'fastify'
import { expect, test } from 'vitest'
import { bundleOf } from '../../test/bundle-of.ts'
import { EXAMPLE } from '../../test/example-world.ts'
import { servedFrom } from '../../test/served.ts'
import { bytesOf } from '../bytes.ts'
import { appOf } from './app.ts'
import type { Served } from './served.ts'

const bundle = bundleOf(EXAMPLE)

/** A server whose logs have a file under every name. */
function serving(more: Partial<Omit<Served, 'metrics'>>): FastifyInstance {
  const read = async (log: string, path: string): Promise<Uint8Array> => bytesOf(`${log}/${path}`)
  return appOf(servedFrom(bundle, () => 0, { logs: { read, status: {} }, ...more }))
}

test.each([
  'tile/entries/000.p/1',
  'tile/entries/x001/234',
  'tile/entries%2F000.p/1',
  'tile/entries%2f000.p%2f1',
  'tile/%65ntries/000.p/1',
  'tile/%65ntries%2F000.p/1',
])('entries are given to nobody without a key, however their path is written: %s', async (path) => {
  const app = serving({ keyring: () => new Map() })
  const { statusCode, body } = await app.inject({ url: `/log/decisions-main-1/${path}` })
  expect([401, 404]).toContain(statusCode)
  expect(body).not.toContain('000')
})

test('hashes and checkpoints are given to everybody', async () => {
  const app = serving({ keyring: () => new Map() })
  for (const path of ['checkpoint', 'tile/0/000.p/1', 'tile/1/x001/234']) {
    const { statusCode, body } = await app.inject({ url: `/log/governance/${path}` })
    expect([statusCode, body]).toEqual([200, `governance/${path}`])
  }
})

test.each([
  ['gzip', true],
  ['deflate, gzip;q=0.5', true],
  ['*', true],
  ['GZIP', true],
  ['*;q=0, gzip', true],
  ['', false],
  ['identity', false],
  ['gzip;q=0', false],
  ['gzip ; q=0.000', false],
  ['*;q=0', false],
  ['gzip;q=0, *', false],
  ['*, gzip;q=0', false],
])('entries are packed for those who accept it: %j', async (accepted, isPacked) => {
  const headers = { 'accept-encoding': accepted }
  const url = '/log/governance/tile/entries/000.p/1'
  const { headers: answered } = await serving({}).inject({ url, headers })
  expect(answered['content-encoding']).toBe(isPacked ? 'gzip' : undefined)
  expect(answered['vary']).toBe('accept-encoding')
})
