import { isId } from '../ids.ts'
import type { Command } from './command.ts'
import { makeKeys } from './keygen.ts'
import { UsageError } from './usage-error.ts'

export const person: Command = {
  usage: 'key FILE --name ID',
  summary: 'make the pair of keys that a person acts with in the register',
  help: `Writes an Ed25519 private key to FILE, which only its owner may read, and the public key to FILE.pub. An operator
registers the person with the public key: \`proviso people register\`.

Exit 0: written. 2: wrong usage, or FILE is there already.`,
  options: { name: { type: 'string' } },
  positionals: { least: 2, most: 2 },
  run(args): Promise<number> {
    const [action, path = ''] = args.positionals
    if (action !== 'key') throw new UsageError(`no action ${action}; say key`)
    const name = args.text('name') ?? ''
    if (!isId(name)) throw new UsageError('say whose key it is: --name ID, the id of the person')
    return makeKeys(args, { path, name, kind: 'signature' })
  },
}
