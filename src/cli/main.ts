import { LogFailure } from '../log/failure.ts'
import { StoreFailure } from '../store/failure.ts'
import { calendar } from './calendar.ts'
import { case as ofCases } from './case.ts'
import { changes } from './changes.ts'
import { check } from './check.ts'
import { type Command, EXIT, parseArguments } from './command.ts'
import { compile } from './compile.ts'
import { contract } from './contract.ts'
import { decide } from './decide.ts'
import { diff } from './diff.ts'
import { document } from './document.ts'
import { explain } from './explain.ts'
import { import as ofLegacy } from './import.ts'
import { init } from './init.ts'
import { key } from './key.ts'
import { keygen } from './keygen.ts'
import { RefusedDirectory } from './load.ts'
import { log } from './log.ts'
import { models } from './models.ts'
import { printProblem, styled, warn, watchOutput, writeJson, writeLine } from './output.ts'
import { people } from './people.ts'
import { person } from './person.ts'
import { prove } from './prove.ts'
import { provider } from './provider.ts'
import { rebuild } from './rebuild.ts'
import { replay } from './replay.ts'
import { schema } from './schema.ts'
import { serve } from './serve.ts'
import { sign } from './sign.ts'
import { suspend } from './suspend.ts'
import { systemMessage } from './system-error.ts'
import { test } from './test.ts'
import { UsageError } from './usage-error.ts'
import { witness } from './witness.ts'

const COMMANDS: Readonly<Record<string, Command>> = {
  init,
  check,
  decide,
  explain,
  test,
  compile,
  prove,
  diff,
  calendar,
  replay,
  schema,
  keygen,
  sign,
  key,
  log,
  serve,
  person,
  people,
  provider,
  case: ofCases,
  contract,
  suspend,
  models,
  document,
  changes,
  import: ofLegacy,
  rebuild,
  witness,
}

async function main(args: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === 'help' || name === '-h') {
    await writeLine(help())
    return EXIT.done
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) throw new UsageError(`no command ${name}; \`proviso --help\` lists them`)
  const parsed = parseArguments(name, command, rest)
  if (parsed.flag('help')) {
    await writeLine(`proviso ${name} ${command.usage} [--json]\n\n${command.help}`)
    return EXIT.done
  }
  try {
    return await command.run(parsed)
  } catch (error) {
    if (!(error instanceof RefusedDirectory)) throw error
    const { message, problems } = error
    if (parsed.json) await writeJson({ error: { code: 'refused-directory', message }, problems })
    else for (const problem of problems) warn(printProblem(problem, process.stderr))
    throw error
  }
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length))
  const rows = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${styled('bold', name.padEnd(width))}  ${summary}`,
  )
  return `Grants a customer an exception to a usage policy, and enforces exactly that exception.

Usage: proviso COMMAND [OPTIONS]

${rows.join('\n')}

DIR is a policy directory; a bundle file serves too. Every command takes --json and --help.
Begin with: proviso init my-policy && proviso check my-policy

Exit 0: done, whatever was decided. 1: the answer is no. 2: wrong usage, or input that cannot be read.`
}

watchOutput(EXIT.usage)

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = exitCodeOf(error)
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) throw error
  const kinds = [UsageError, RefusedDirectory, LogFailure, StoreFailure]
  const isExpected = kinds.some((kind) => error instanceof kind)
  const isOfSystem = 'syscall' in error
  if (!isExpected && !isOfSystem) throw error
  const message = isExpected ? error.message : systemMessage(error)
  warn(`${styled('red', 'proviso:', process.stderr)} ${message}`)
  return error instanceof RefusedDirectory ? EXIT.no : EXIT.usage
}
