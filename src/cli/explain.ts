import { createReadStream } from 'node:fs'
import { printableOf } from '../decision/decision.ts'
import { explain as explainRequest } from '../decision/explain.ts'
import { printExplanation } from '../decision/explain-text.ts'
import { parseRequest } from '../decision/request.ts'
import { parseJson } from '../json.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { LINE_BYTES_MAX, readText } from './lines.ts'
import { loadBundle } from './load.ts'
import { warn, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

export const explain: Command = {
  usage: 'DIR --request FILE|- [--at INSTANT]',
  summary: 'say why a request is decided as it is',
  help: `Reads one request, as a JSON object, and prints which uses were judged and why, each restriction
that asked and why it fired or not, each of the customer's tailorings and what fails of it, and the
nearest thing that would change the answer.

Exit 0: explained. 1: the request is in error, or DIR has errors. 2: wrong usage.`,
  options: { request: { type: 'string' }, at: { type: 'string' } },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const json = parseJson(await readRequest(args))
    const request = json.ok ? parseRequest(json.value, args.instant('at')) : json
    if (!request.ok) return refuse(args, request.error)
    const explained = explainRequest(loadBundle(args.first), request.value)
    if (!explained.ok) return refuse(args, explained.error)
    const { decision, ...rest } = explained.value
    if (args.json) await writeJson({ decision: printableOf(decision), ...rest })
    else await writeLine(printExplanation(request.value, explained.value))
    return EXIT.done
  },
}

async function readRequest(args: Arguments): Promise<string> {
  const file = args.text('request')
  if (file === undefined)
    throw new UsageError('say which request: --request FILE, or - for standard input')
  const text = await readText(file === '-' ? process.stdin : createReadStream(file))
  if (text !== undefined) return text
  throw new UsageError(`${file}: a request is UTF-8 and has at most ${LINE_BYTES_MAX} bytes`)
}

interface Refusal {
  readonly code: string
  readonly field: string | null
  readonly message: string
}

async function refuse(args: Arguments, { code, field, message }: Refusal): Promise<number> {
  if (args.json) await writeJson({ error: { code, field: field ?? '', message } })
  else warn(`proviso: ${code}: ${field ? `${field}: ` : ''}${message}`)
  return EXIT.no
}
