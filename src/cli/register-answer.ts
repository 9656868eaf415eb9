import { stringify } from 'yaml'
import type { LocatedProblem } from '../document.ts'
import type { Problem } from '../problem.ts'
import { type Arguments, EXIT } from './command.ts'
import { printProblem, warn, writeJson, writeLine } from './output.ts'
import type { Answer } from './register-client.ts'

/** A field in error as the register names it: where in the command, or where in a text that was sent. */
type NamedProblem = Problem | LocatedProblem

/** Where in the files of whoever asks a problem is; undefined: in none of them. */
export type Locate = (problem: NamedProblem) => LocatedProblem | undefined

/** Prints an answer, or why it is refused. */
export async function answered(
  args: Arguments,
  { status, body }: Answer,
  locate: Locate = (problem) => ('file' in problem ? problem : undefined),
): Promise<number> {
  const isDone = status >= 200 && status < 300
  if (args.json) await writeJson(body)
  else if (isDone) await writeLine(textOf(body))
  else warnRefusal(body, locate)
  return isDone ? EXIT.done : EXIT.no
}

/** As people read it. */
export function textOf(value: unknown): string {
  return stringify(value, { lineWidth: 100 }).trimEnd()
}

function warnRefusal({ code, detail, problems, changed }: Answer['body'], locate: Locate): void {
  warn(`proviso: ${code}: ${detail}`)
  for (const problem of (problems ?? []) as readonly NamedProblem[]) {
    const located = locate(problem)
    if (located) warn(printProblem(located, process.stderr))
    else
      warn(
        `  ${'path' in problem ? `${problem.path.join('.')}: ` : ''}${problem.code}: ${problem.message}`,
      )
  }
  if (changed) warn(`  meanwhile: ${changed.join(', ')}`)
}
