import { hash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { digestOf } from '../digest.ts'
import { EVIDENCE_BYTES_MAX, type MEDIA_TYPES } from '../review/finding.ts'
import type { KeptFile } from './register-client.ts'
import { UsageError } from './usage-error.ts'

/** The media types of evidence, by how names of files end. */
const TYPES: Readonly<Record<string, (typeof MEDIA_TYPES)[number]>> = {
  '.json': 'application/json',
  '.pdf': 'application/pdf',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.csv': 'text/csv',
  '.md': 'text/markdown',
  '.txt': 'text/plain',
}

export interface EvidenceFile {
  readonly kept: KeptFile
  readonly title: string
  readonly bytes: Buffer<ArrayBuffer>
}

/** A file as the register keeps it: by the digest of its bytes, of the media type that its name says. */
export function readEvidence(path: string): EvidenceFile {
  const type = TYPES[extname(path).toLowerCase()]
  if (type === undefined) {
    const known = Object.keys(TYPES).join(', ')
    throw new UsageError(`${path} is of no kind that is kept; its name ends in one of ${known}`)
  }
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats?.isFile()) throw new UsageError(`no file ${path}`)
  if (stats.size === 0 || stats.size > EVIDENCE_BYTES_MAX) {
    throw new UsageError(`${path} has ${stats.size} bytes; a file has 1 to ${EVIDENCE_BYTES_MAX}`)
  }
  const bytes = readFileSync(path)
  const digest = digestOf(hash('sha256', bytes, 'hex'))
  return {
    kept: { digest, 'media-type': type, size: bytes.length },
    title: basename(path),
    bytes,
  }
}
