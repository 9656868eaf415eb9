import type { Command } from './command.ts'
import { verifyAction } from './log-verify.ts'
import { UsageError } from './usage-error.ts'

export const log: Command = {
  usage: 'verify RECEIPT --trust FILE [--payload FILE] [--statement-key FILE]',
  summary: 'check the receipt of a decision',
  help: `Checks RECEIPT step by step with the keys of a trust file, and asks no server. With --payload the payload is
read from a file of its own, with --statement-key the anchor's own signature is checked too.

Exit 0: verified. 1: not verified. 2: wrong usage, or a file that cannot be read.`,
  options: {
    trust: { type: 'string' },
    payload: { type: 'string' },
    'statement-key': { type: 'string' },
  },
  positionals: { least: 2, most: 2 },
  async run(args): Promise<number> {
    const [action = ''] = args.positionals
    if (action === 'verify') return await verifyAction(args)
    throw new UsageError(`no action ${action}; say verify`)
  },
}
