import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { isKeyName, type KeyKind, printVerifier } from '../log/key.ts'
import { writeSecretFile } from '../log/secret-file.ts'
import { printSigner, SEED_BYTES, signerOf } from '../log/signer.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

export const keygen: Command = {
  usage: 'FILE --name NAME [--witness]',
  summary: 'make the pair of keys that a publisher signs with, or a witness',
  help: `Writes an Ed25519 private key to FILE, which only its owner may read, and the public key to FILE.pub.
NAME says whose it is, such as a host name. Servers that take FILE.pub serve what FILE has signed.
With --witness it is a key that cosigns the checkpoints of logs (\`proviso witness\`), and nothing else.

Exit 0: written. 2: wrong usage, or FILE is there already.`,
  options: { name: { type: 'string' }, witness: { type: 'boolean' } },
  positionals: { least: 1, most: 1 },
  run(args): Promise<number> {
    const name = args.text('name') ?? ''
    if (!isKeyName(name)) {
      throw new UsageError('say whose key it is: --name NAME, without white space and plus signs')
    }
    const kind = args.flag('witness') ? 'cosignature' : 'signature'
    return makeKeys(args, { path: args.first, name, kind })
  },
}

interface NewKeys {
  readonly path: string
  readonly name: string
  readonly kind: KeyKind
}

/** Writes a pair of keys to new files, and says which. */
export async function makeKeys(args: Arguments, { path, name, kind }: NewKeys): Promise<number> {
  const publicPath = `${path}.pub`
  for (const file of [path, publicPath]) {
    if (existsSync(file)) throw new UsageError(`${file} is there already; name a new file`)
  }
  const signer = signerOf(name, randomBytes(SEED_BYTES), kind)
  const publicKey = printVerifier(signer.verifier)
  writeSecretFile(path, `${printSigner(signer)}\n`)
  writeFileSync(publicPath, `${publicKey}\n`)
  if (args.json) await writeJson({ key: path, public: publicPath, verifier: publicKey })
  else await writeLine(`${path}: private key, keep it\n${publicPath}: ${publicKey}`)
  return EXIT.done
}
