import { readFileSync, statSync } from 'node:fs'
import { printableOf } from '../decision/decision.ts'
import { explain as explainRequest } from '../decision/explain.ts'
import { printExplanation } from '../decision/explain-text.ts'
import { parseRequest } from '../decision/request.ts'
import { parseJson } from '../json.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { LINE_BYTES_MAX } from './lines.ts'
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
    const json = parseJson(readRequest(args))
    const request = json.ok ? parseRequest(json.value, args.instant('at')) : json
    const explained = request.ok ? explainRequest(loadBundle(args.first), request.value) : request
    if (!request.ok || !explained.ok) return refuse(args, explained.ok ? request : explained)
    const { decision, ...rest } = explained.value
    if (args.json) await writeJson({ decision: printableOf(decision), ...rest })
    else await writeLine(printExplanation(request.value, explained.value))
    return EXIT.done
  },
}

function readRequest(args: Arguments): string {
  const file = args.text('request')
  if (file === undefined)
    throw new UsageError('say which request: --request FILE, or - for standard input')
  const path = file === '-' ? 0 : file
  if (path !== 0 && statSync(path).size > LINE_BYTES_MAX) {
    throw new UsageError(`${file}: a request has at most ${LINE_BYTES_MAX} bytes`)
  }
  return readFileSync(path, 'utf8')
}

async function refuse(args: Arguments, result: object): Promise<number> {
  const { error } = result as { error: { code: string; field: string | null; message: string } }
  if (args.json) await writeJson({ error })
  else warn(`proviso: ${error.code}: ${error.field ? `${error.field}: ` : ''}${error.message}`)
  return EXIT.no
}
