import type { Command } from './command.ts'
import { fsckAction } from './log-fsck.ts'
import { monitorAction } from './log-monitor.ts'
import { UsageError } from './usage-error.ts'

export const log: Command = {
  usage: 'fsck|monitor LOGDIR|URL [OPTION]...',
  summary: 'check logs, and follow them',
  help: `fsck     checks all that there is of logs.
monitor  follows logs.

Exit 0: nothing is wrong. 1: something is. 2: wrong usage, or logs that cannot be read.`,
  options: {
    trust: { type: 'string' },
    'key-file': { type: 'string' },
    state: { type: 'string' },
    once: { type: 'boolean' },
    interval: { type: 'string' },
  },
  positionals: { least: 1, most: 2 },
  async run(args): Promise<number> {
    if (args.first === 'fsck') return await fsckAction(args)
    if (args.first === 'monitor') return await monitorAction(args)
    throw new UsageError(`no action ${args.first}; say fsck or monitor`)
  },
}
