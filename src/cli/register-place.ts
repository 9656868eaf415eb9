import { join, resolve } from 'node:path'
import type { Arguments } from './command.ts'

/** Where a register is kept when nothing else is said. */
const DATA = '.proviso'

/** Whether a register is to be served, rather than the documents of a directory. */
export function isRegister(args: Arguments): boolean {
  return args.positionals.length === 0
}

/** The directory of a register's data. */
export function dataOf(args: Arguments): string {
  return resolve(args.text('data') ?? DATA)
}

/** The logs of a register, unless they are kept elsewhere. */
export function logOf(args: Arguments): string {
  return args.text('log') ?? join(dataOf(args), 'log')
}
