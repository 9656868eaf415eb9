import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Arguments, type Command, EXIT } from './command.ts'
import { readDirectory } from './directory.ts'
import { isFile, RefusedDirectory, readBundleFile } from './load.ts'
import { writeJson, writeLine } from './output.ts'
import {
  BUNDLE_NAME,
  DIRECTORY_SIGNATURE,
  listingDigest,
  openPublication,
  signPublication,
} from './publication.ts'
import { readSigner } from './publisher.ts'
import { UsageError } from './usage-error.ts'

export const sign: Command = {
  usage: 'DIR --key FILE [--serial N] [--valid-until INSTANT]',
  summary: 'sign a policy directory or a bundle file for servers to serve',
  help: `Checks DIR, then signs the digest of its documents, and writes the signature to DIR/${DIRECTORY_SIGNATURE}, or beside
a bundle file as BUNDLE.sig. Each signature has a serial, one more than the last one's unless --serial
says otherwise; a server takes no older one than it has. From --valid-until on exceptions stop.

Exit 0: signed. 1: DIR is refused, and nothing is signed. 2: wrong usage, or a wrong key.`,
  options: {
    key: { type: 'string' },
    serial: { type: 'string' },
    'valid-until': { type: 'string' },
  },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const key = args.text('key')
    if (key === undefined) throw new UsageError('say with which key: --key FILE')
    const signer = readSigner(key, 'signature')
    const path = args.first
    const signature = isFile(path) ? `${path}.sig` : join(path, DIRECTORY_SIGNATURE)
    const digest = listingDigest(filesOf(path))
    const last = existsSync(signature)
      ? await openPublication(readFileSync(signature, 'utf8'), signer.verifier)
      : undefined
    const serial = serialOf(args, last?.ok ? last.value.serial : 0)
    const validUntil = args.instant('valid-until') ?? null
    const note = signPublication({ serial, issuedAt: Date.now(), validUntil, digest }, signer)
    writeFileSync(`${signature}.part`, note, { flush: true })
    renameSync(`${signature}.part`, signature)
    if (args.json) await writeJson({ signature, serial, digest })
    else await writeLine(`${signature}: serial ${serial}, ${digest}`)
    return EXIT.done
  },
}

function serialOf(args: Arguments, last: number): number {
  return args.count('serial') ?? last + 1
}

/** The digests of what is signed, by name. */
function filesOf(path: string): ReadonlyMap<string, string> {
  if (isFile(path)) {
    const loaded = readBundleFile(path)
    if (loaded.ok) return new Map([[BUNDLE_NAME, loaded.value.sha256]])
    throw new UsageError(`${path}: ${loaded.error.code}: ${loaded.error.message}`)
  }
  const { world, problems, files } = readDirectory(path)
  if (!world) throw new RefusedDirectory(path, problems)
  return new Map(files.map(({ name, sha256 }) => [name, sha256]))
}
