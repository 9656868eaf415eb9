import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bytesOf, concatBytes } from '../src/bytes.ts'
import { printCheckpoint } from '../src/log/checkpoint.ts'
import { type ReadNode, rootOf } from '../src/log/merkle.ts'
import { type Signer, signNote } from '../src/log/signer.ts'
import { printEntries, printTile, TILE_WIDTH, type Tile, tilesBetween } from '../src/log/tile.ts'
import { SHA256, treeOf } from './tree-of.ts'

/** Tiles cover this many levels of a tree each: 2^8 hashes. */
const TILE_HEIGHT = 8

/** Writes a log of some entries as it is published: tiles, bundles, a checkpoint of the signer's name. */
export async function writeLog(
  directory: string,
  entries: readonly Uint8Array[],
  signer: Signer,
): Promise<void> {
  const node = await treeOf(entries)
  const size = entries.length
  for (const tile of tilesBetween(0, size)) {
    write(directory, printTile(tile), await bytesOfTile(tile, entries, node))
  }
  const origin = signer.verifier.name
  const text = printCheckpoint({ origin, size, root: await rootOf(SHA256, node, size) })
  write(directory, 'checkpoint', bytesOf(signNote(text, signer)))
}

async function bytesOfTile(
  { level, index, width }: Tile,
  entries: readonly Uint8Array[],
  node: ReadNode,
): Promise<Uint8Array> {
  const first = index * TILE_WIDTH
  if (level === 'entries') return printEntries(entries.slice(first, first + width))
  const height = level * TILE_HEIGHT
  const hashes = Array.from({ length: width }, (_, i) => node(height, first + i))
  return concatBytes(...(await Promise.all(hashes)))
}

function write(directory: string, path: string, bytes: Uint8Array): void {
  const file = join(directory, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, bytes)
}
