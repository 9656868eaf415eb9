import { createReadStream } from 'node:fs'
import type { Bundle } from '../decision/bundle.ts'
import { decide as decideRequest } from '../decision/decide.ts'
import { printableOf } from '../decision/decision.ts'
import { decideWithNearest } from '../decision/nearest.ts'
import { parseRequest } from '../decision/request.ts'
import { parseJson } from '../json.ts'
import type { Instant } from '../time.ts'
import { type Command, EXIT } from './command.ts'
import { type Line, readLines } from './lines.ts'
import { loadBundle } from './load.ts'
import { isRead, Progress, write } from './output.ts'

export const decide: Command = {
  usage: 'DIR [--requests FILE|-] [--at INSTANT] [--nearest]',
  summary: 'decide requests, one JSON object a line',
  help: `Reads requests as lines of JSON from FILE, or from standard input, and writes one decision a line in
the same order. A line in error gets a line with its number and the error, and the others go on. A
request that states no instant is judged at --at. With --nearest a denial names what came nearest.

Exit 0: every line was decided, whatever the decisions. 1: some line was in error, or DIR has errors.
2: wrong usage, or FILE cannot be read.`,
  options: {
    requests: { type: 'string' },
    at: { type: 'string' },
    nearest: { type: 'boolean' },
  },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const file = args.text('requests') ?? '-'
    const at = args.instant('at')
    const bundle = loadBundle(args.first)
    const judge = args.flag('nearest') ? decideWithNearest : decideRequest
    const progress = new Progress('requests')
    let exit: number = EXIT.done
    for await (const lines of readLines(file === '-' ? process.stdin : createReadStream(file))) {
      let output = ''
      for (const line of lines) {
        const answer = answerTo(line, { bundle, at, judge })
        if ('error' in answer) exit = EXIT.no
        output += `${JSON.stringify(answer)}\n`
        progress.show(line.number)
      }
      await write(output)
      if (!isRead()) break
    }
    progress.end()
    return exit
  },
}

interface Judge {
  readonly bundle: Bundle
  readonly at: Instant | undefined
  readonly judge: typeof decideRequest
}

function answerTo({ number, text, problem }: Line, { bundle, at, judge }: Judge): object {
  if (text === null)
    return errorLine(null, { code: 'malformed-line', field: '', message: problem }, number)
  const json = parseJson(text)
  if (!json.ok) return errorLine(null, { ...json.error, field: json.error.field ?? '' }, number)
  const request = parseRequest(json.value, at)
  const decided = request.ok ? judge(bundle, request.value) : request
  return decided.ok
    ? printableOf(decided.value)
    : errorLine(idOf(json.value), { ...decided.error }, number)
}

function errorLine(request: string | null, error: object, line: number): object {
  return { request, error, line }
}

/** The id of a request that may be malformed in any other way. */
function idOf(value: unknown): string | null {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null
  return typeof id === 'string' && id.length <= 256 ? id : null
}
