import type { Arguments, Command } from './command.ts'
import { exportAction } from './log-export.ts'
import { initAction, keyAction } from './log-key.ts'
import { receiptAction } from './log-receipt.ts'
import { shredAction } from './log-shred.ts'
import { verifyAction } from './log-verify.ts'
import { UsageError } from './usage-error.ts'

const ACTIONS: Readonly<Record<string, (args: Arguments) => Promise<number>>> = {
  init: initAction,
  key: keyAction,
  receipt: receiptAction,
  verify: verifyAction,
  export: exportAction,
  shred: shredAction,
}

export const log: Command = {
  usage: 'init|key|receipt|verify|export|shred [ARGUMENT] [OPTION]...',
  summary: 'what was decided: receipts and their verification, payloads, keys',
  help: `DIR is a server's directory of logs (\`serve --log DIR\`); a server may be writing to it.

init DIR --host HOST [--name NAME]   makes a directory of logs with new keys.
key [OWNER] --log DIR                lists the public keys; makes a new one for governance, statements or
                                     decisions. The old one signs beside it for --overlap (P7D).
receipt [RECORD] --log DIR [-o FILE] the evidence of one decision in one file: RECORD is what the answer named,
                                     or latest. With --sealed it does not disclose what the decision was about.
verify RECEIPT --trust FILE          checks a receipt step by step, and asks no server. With --payload FILE the
                                     payload is read from a file of its own, with --statement-key FILE the
                                     anchor's own signature is checked too.
export --log DIR [--from N]          what was asked and decided, a line each; --epoch N of an earlier log.
shred --record ID --log DIR          destroys what a record was about, and leaves the record.

Exit 0: done. 1: not verified, or a record is damaged. 2: wrong usage, or a file that cannot be read.`,
  options: {
    log: { type: 'string' },
    host: { type: 'string' },
    name: { type: 'string' },
    overlap: { type: 'string' },
    output: { type: 'string', short: 'o' },
    sealed: { type: 'boolean' },
    trust: { type: 'string' },
    payload: { type: 'string' },
    'statement-key': { type: 'string' },
    record: { type: 'string' },
    from: { type: 'string' },
    epoch: { type: 'string' },
  },
  positionals: { least: 1, most: 2 },
  async run(args): Promise<number> {
    const [name = ''] = args.positionals
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
    if (!action) throw new UsageError(`no action ${name}; say ${Object.keys(ACTIONS).join(', ')}`)
    return await action(args)
  },
}
