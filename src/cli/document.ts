import { renameSync, writeFileSync } from 'node:fs'
import { isDigest } from '../digest.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { readEvidence } from './evidence-file.ts'
import { writeJson, writeLine } from './output.ts'
import { answered } from './register-answer.ts'
import { clientOf, SERVER_HELP, SERVER_OPTIONS } from './register-options.ts'
import { UsageError } from './usage-error.ts'

/** `proviso document`: the files of evidence that a register keeps. */
const ofFiles: Command = {
  usage: 'put FILE | get DIGEST -o FILE [OPTION]...',
  summary: 'files of evidence, kept by their digest',
  help: `put sends FILE to the register, which keeps it by the SHA-256 of its bytes, and prints the digest. Its name says what
it is: .json, .pdf, .jpg, .png, .csv, .md or .txt. get writes the file of a digest to FILE, once its bytes have that
digest.

${SERVER_HELP}

Exit 0: done. 1: the register refuses, or gives other bytes. 2: wrong usage, or no register answers.`,
  options: { output: { type: 'string', short: 'o' }, ...SERVER_OPTIONS },
  positionals: { least: 2, most: 2 },
  async run(args): Promise<number> {
    const [action, what = ''] = args.positionals
    if (action === 'put') return await put(args, what)
    if (action === 'get') return await get(args, what)
    throw new UsageError(`no action ${action}; say put or get`)
  },
}

async function put(args: Arguments, path: string): Promise<number> {
  const { kept, bytes } = readEvidence(path)
  const answer = await clientOf(args).keep(kept, bytes)
  if (answer.status >= 300 || args.json) return await answered(args, answer)
  await writeLine(`${path}: ${kept.digest}, ${kept['media-type']}, ${kept.size} bytes`)
  return EXIT.done
}

async function get(args: Arguments, named: string): Promise<number> {
  const output = args.text('output')
  if (output === undefined) throw new UsageError('say where the file goes: -o FILE')
  const digest = named.startsWith('sha256:') ? named : `sha256:${named}`
  if (!isDigest(digest)) {
    throw new UsageError(`${named} is no digest: \`sha256:\` and 64 lower-case hexadecimal digits`)
  }
  const given = await clientOf(args).fetchFile(digest)
  if (!given.ok) return await answered(args, given.error)
  writeFileSync(`${output}.part`, given.value, { flush: true })
  renameSync(`${output}.part`, output)
  const size = given.value.length
  if (args.json) await writeJson({ file: output, digest, size })
  else await writeLine(`${output}: ${digest}, ${size} bytes`)
  return EXIT.done
}

export { ofFiles as document }
