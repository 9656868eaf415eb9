import { setTimeout as pause } from 'node:timers/promises'
import { parseWholeNumber } from '../bytes.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { eventsIn } from './event-stream.ts'
import { untilSignal } from './listen.ts'
import { isRead, warn, writeJson, writeLine } from './output.ts'
import type { RegisterClient } from './register-client.ts'
import { clientOf, SERVER_HELP, SERVER_OPTIONS } from './register-options.ts'
import { UsageError } from './usage-error.ts'

/** Pause before a register that has gone away is asked again, in milliseconds. */
const RETRY_MS = 1_000

interface Change {
  readonly seq: number
  readonly stream: string
  readonly id: string
  readonly version: number
  readonly type: string
  readonly at: string
}

export const changes: Command = {
  usage: '[--after N] [OPTION]...',
  summary: 'what happens in a register, as it happens',
  help: `Prints a line for each change in the register, as it comes: its number, instant, thing and kind. It begins with the
change after number N, with the first unless said, and goes on when the register was away, until a signal ends it or
nobody reads on.

${SERVER_HELP}

Exit 0: ended. 2: wrong usage, or no register answers at first.`,
  options: { after: { type: 'string' }, ...SERVER_OPTIONS },
  positionals: { least: 0, most: 0 },
  async run(args): Promise<number> {
    const after = parseWholeNumber(args.text('after') ?? '0')
    if (after === undefined) throw new UsageError('--after is the number of a change, such as 17')
    const stopping = new AbortController()
    void untilSignal().then(() => stopping.abort())
    await follow(args, clientOf(args), { after, stopping })
    return EXIT.done
  },
}

async function follow(
  args: Arguments,
  client: RegisterClient,
  { after, stopping }: { readonly after: number; readonly stopping: AbortController },
): Promise<void> {
  let last = after
  let isAnswered = false
  while (!stopping.signal.aborted) {
    const ask = (signal: AbortSignal): Promise<Response> =>
      client.open(`events?after=${last}`, signal)
    try {
      for await (const event of eventsIn(ask, stopping.signal)) {
        isAnswered = true
        const change = JSON.parse(event) as Change
        await tell(args, change)
        last = change.seq
        if (!isRead()) return stopping.abort()
      }
    } catch (error) {
      if (stopping.signal.aborted) return
      if (!isAnswered) throw error
      warn(`the register is away, asked again: ${(error as Error).message}`)
    }
    await pause(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
  }
}

async function tell(args: Arguments, change: Change): Promise<void> {
  const { seq, at, stream, id, version, type } = change
  if (args.json) return await writeJson(change)
  await writeLine(`${seq}  ${at}  ${stream}/${id} ${version}  ${type}`)
}
