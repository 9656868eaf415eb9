import { type ParseArgsConfig, parseArgs } from 'node:util'
import { type Instant, parseInstant } from '../time.ts'
import { UsageError } from './usage-error.ts'

/** Exit codes of every command (docs/commands.md). */
export const EXIT = { done: 0, no: 1, usage: 2 } as const

/** One command: what it is for, and what it does with its arguments. Answers with an exit code. */
export interface Command {
  /** Such as `DIR [--requests FILE|-]`. */
  readonly usage: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** What `--help` says below the usage. */
  readonly help: string
  readonly options: NonNullable<ParseArgsConfig['options']>
  readonly positionals: { readonly least: number; readonly most: number }
  run(args: Arguments): number | Promise<number>
}

/** Arguments that fit a command's options; `--json` fits all. */
export class Arguments {
  readonly positionals: readonly string[]
  readonly #values: Readonly<Record<string, unknown>>

  constructor(positionals: readonly string[], values: Readonly<Record<string, unknown>>) {
    this.positionals = positionals
    this.#values = values
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  /** All values of an option that may be given more than once. */
  texts(name: string): readonly string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? (value as string[]) : []
  }

  instant(name: string): Instant | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const instant = parseInstant(text)
    if (instant !== undefined) return instant
    throw new UsageError(`--${name} ${text} is no instant; write it as 2026-01-31T00:00:00Z`)
  }

  count(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const count = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count
    throw new UsageError(`--${name} ${text} is no whole number`)
  }

  get json(): boolean {
    return this.flag('json')
  }

  /** The first positional, which the command requires. */
  get first(): string {
    return this.positionals[0] ?? ''
  }
}

export function parseArguments(name: string, command: Command, args: readonly string[]): Arguments {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...command.options, json: { type: 'boolean' }, help: { type: 'boolean' } },
    })
    const { least, most } = command.positionals
    const isFit = positionals.length >= least && positionals.length <= most
    if (isFit || values['help'] === true) return new Arguments(positionals, values)
  } catch (error) {
    // Node goes on to explain how an argument may begin with a dash.
    const [problem] = (error as Error).message.split(/[.\n]/)
    throw new UsageError(`${problem}; usage: proviso ${name} ${command.usage}`)
  }
  throw new UsageError(`usage: proviso ${name} ${command.usage}`)
}
