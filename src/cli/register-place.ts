import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DatabasePlace } from '../store/database.ts'
import type { Arguments } from './command.ts'

/** Where a register is kept when nothing else is said. */
const DATA = '.proviso'

/** Whether a register is to be served, rather than the documents of a directory. */
export function isRegister(args: Arguments): boolean {
  return args.positionals.length === 0
}

/** The directory of a register's data. */
function dataOf(args: Arguments): string {
  return resolve(args.text('data') ?? DATA)
}

/** The logs of a register, unless they are kept elsewhere. */
export function logOf(args: Arguments): string {
  return args.text('log') ?? join(dataOf(args), 'log')
}

/** Where the keys of a story's people are. */
export function keysOf(args: Arguments): string {
  return join(dataOf(args), 'people')
}

/** The server that DATABASE_URL names, or the one that is embedded in the register's directory. */
export function databasePlace(args: Arguments): DatabasePlace {
  const url = process.env['DATABASE_URL']
  if (url !== undefined && url !== '') return { url }
  const directory = join(dataOf(args), 'database')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return { directory }
}
