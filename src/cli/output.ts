import type { LocatedProblem } from '../document.ts'

let isReaderGone = false

/**
 * Lets output fail as a command line does: a reader that has seen enough closes the pipe, which is no
 * failure and changes no answer; any other failure ends the process, told on standard error. What standard error does
 * not take is lost: a server goes on when its log lies on a full disk.
 */
export function watchOutput(exitCode: number): void {
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    isReaderGone = true
    if (error.code === 'EPIPE') return
    warn(`proviso: the output cannot be written: ${error.message}`)
    process.exit(exitCode)
  })
}

/** Whether there is any use in going on: false once nobody reads what is written. */
export function isRead(): boolean {
  return !isReaderGone
}

/** Writes to standard output; done when it has been taken, so that memory is never filled with it. */
export function write(text: string): Promise<void> {
  if (isReaderGone || text === '') return Promise.resolve()
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve())
  })
}

export function writeLine(text: string): Promise<void> {
  return write(`${text}\n`)
}

export function writeJson(value: unknown): Promise<void> {
  return writeLine(JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0))
}

export function warn(text: string): void {
  process.stderr.write(`${text}\n`)
}

type Style = 'red' | 'yellow' | 'green' | 'bold' | 'dim'

const CODES: Readonly<Record<Style, number>> = { red: 31, yellow: 33, green: 32, bold: 1, dim: 2 }

/** Colours a text, on a terminal that has not asked for none (https://no-color.org). */
export function styled(
  style: Style,
  text: string,
  stream: { readonly isTTY?: boolean } = process.stdout,
): string {
  const isPlain = stream.isTTY !== true || (process.env['NO_COLOR'] ?? '') !== ''
  return isPlain ? text : `\u001b[${CODES[style]}m${text}\u001b[0m`
}

export function printProblem(
  problem: LocatedProblem,
  stream: { readonly isTTY?: boolean } = process.stdout,
): string {
  const { file, line, column, severity, code, message, frame } = problem
  const colour = severity === 'error' ? 'red' : 'yellow'
  const head = `${file}:${line}:${column}: ${styled(colour, `${severity} ${code}`, stream)}: ${message}`
  return frame === '' ? head : `${head}\n${frame.replaceAll(/^/gm, '  ')}`
}

/** `1 error`, `2 errors`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

/** How long work goes on before a terminal is told of it, and how often then, in milliseconds. */
const PROGRESS_INTERVAL_MS = 1_000

/** A line on the terminal that says how far long work has come; silent elsewhere. */
export class Progress {
  readonly #noun: string
  #next = Date.now() + PROGRESS_INTERVAL_MS
  #isShown = false

  constructor(noun: string) {
    this.#noun = noun
  }

  show(done: number): void {
    if (process.stderr.isTTY !== true || Date.now() < this.#next) return
    this.#next = Date.now() + PROGRESS_INTERVAL_MS
    this.#isShown = true
    process.stderr.write(`\r${done.toLocaleString('en')} ${this.#noun} `)
  }

  end(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K')
  }
}
