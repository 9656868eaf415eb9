import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { printBundle } from '../decision/bundle-file.ts'
import { type Command, EXIT } from './command.ts'
import { compileDirectory, sha256 } from './load.ts'
import { counted, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

export const compile: Command = {
  usage: 'DIR -o BUNDLE [--serial N] [--issued-at INSTANT] [--valid-until INSTANT]',
  summary: 'compile a policy directory to a bundle file',
  help: `Writes one file that decides as DIR does. The same documents always give the same digest; serial,
issue and lease are not part of it. From --valid-until on, exceptions stop and everything else goes
on; without it the bundle has no lease.

Exit 0: written. 1: DIR has errors, and nothing is written. 2: wrong usage.`,
  options: {
    output: { type: 'string', short: 'o' },
    serial: { type: 'string' },
    'issued-at': { type: 'string' },
    'valid-until': { type: 'string' },
  },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const output = args.text('output')
    if (output === undefined) throw new UsageError('say where the bundle goes: -o BUNDLE')
    const bundle = compileDirectory(args.first, {
      serial: args.count('serial') ?? 0,
      issuedAt: args.instant('issued-at') ?? null,
      validUntil: args.instant('valid-until') ?? null,
    })
    await writeWhole(output, printBundle(bundle, sha256))
    const { digest, customers } = bundle
    if (args.json) await writeJson({ bundle: output, digest, customers: customers.size })
    else await writeLine(`${output}: ${counted(customers.size, 'customer')}, ${digest}`)
    return EXIT.done
  },
}

/** Writes a file beside and renames it, so that nobody ever reads half of it. */
async function writeWhole(path: string, lines: Iterable<string>): Promise<void> {
  const partial = `${path}.part`
  try {
    await pipeline(Readable.from(lines), createWriteStream(partial, { flush: true }))
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}
