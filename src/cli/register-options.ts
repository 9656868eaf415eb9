import { ALL_ROLES, isRole } from '../people.ts'
import type { Arguments, Command } from './command.ts'
import { readSigner } from './publisher.ts'
import { type Actor, RegisterClient } from './register-client.ts'
import { apiKeyOf, registerUrlOf } from './register-url.ts'
import { UsageError } from './usage-error.ts'

// What all commands that ask a register have in common: which one, and who acts.

export const SERVER_OPTIONS = {
  server: { type: 'string' },
  'api-key-file': { type: 'string' },
} as const satisfies Command['options']

export const ACTOR_OPTIONS = {
  by: { type: 'string' },
  role: { type: 'string' },
  key: { type: 'string' },
  ...SERVER_OPTIONS,
} as const satisfies Command['options']

export const SERVER_HELP = `The server: --server URL or PROVISO_SERVER, http://127.0.0.1:7420 unless said; --api-key-file FILE holds a key of scope
register.`

export const ACTOR_HELP = `Who acts: --by PERSON --role ROLE --key FILE, or PROVISO_BY, PROVISO_ROLE and PROVISO_KEY.
${SERVER_HELP}`

/** What becomes of an act, and of one of which that is not known. */
export const EXIT_HELP = `Exit 0: done. 1: the register refuses. 2: wrong usage, or no register answers; of an act that may have been carried out
all the same it is said how to see whether it was.`

export function clientOf(args: Arguments): RegisterClient {
  const server = args.text('server') ?? process.env['PROVISO_SERVER'] ?? 'http://127.0.0.1:7420'
  return new RegisterClient(registerUrlOf('server', server), apiKeyOf(args))
}

export function actorOf(args: Arguments): Actor {
  const said = (name: string): string => {
    const value = args.text(name) ?? process.env[`PROVISO_${name.toUpperCase()}`]
    if (value !== undefined && value !== '') return value
    throw new UsageError(`say who acts: --${name}, or PROVISO_${name.toUpperCase()}`)
  }
  const role = said('role')
  if (!isRole(role)) throw new UsageError(`--role ${role} is no role; it is ${ALL_ROLES}`)
  return { by: said('by'), role, signer: readSigner(said('key'), 'signature') }
}
