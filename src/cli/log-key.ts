import { printVerifier } from '../log/key.ts'
import { createLogDirectory, publicKeysOf, readLogConfig, rotateKey } from '../log/log-directory.ts'
import { DAY_MS, parseDuration, printInstantShort } from '../time.ts'
import { type Arguments, EXIT } from './command.ts'
import { writeTrust } from './keep-evidence.ts'
import { writeJson, writeLine } from './output.ts'
import { logDirectoryOf } from './record-place.ts'
import { UsageError } from './usage-error.ts'

const OWNERS = ['governance', 'statements', 'decisions'] as const

/** How long an old key goes on to sign beside a new one, in days. */
const OVERLAP_DAYS = 7

/** `proviso log init DIR --host HOST`: a directory of logs with new keys. */
export async function initAction(args: Arguments): Promise<number> {
  const [, path] = args.positionals
  const host = args.text('host')
  if (path === undefined || host === undefined) {
    throw new UsageError(
      'say which directory, and which host serves the logs: init DIR --host HOST',
    )
  }
  createLogDirectory(path, { host, name: args.text('name') ?? 'main' })
  // Witnesses need it before a server has begun.
  writeTrust(path)
  return await listAction(args, path)
}

/** `proviso log key [OWNER] --log DIR`: lists the public keys, or makes a new key for an owner. */
export async function keyAction(args: Arguments): Promise<number> {
  const path = logDirectoryOf(args)
  const [, text] = args.positionals
  if (text === undefined) return await listAction(args, path)
  const owner = OWNERS.find((one) => one === text)
  if (!owner) throw new UsageError(`\`${text}\` has no key here; say ${OWNERS.join(', ')}`)
  const overlap = parseDuration(args.text('overlap') ?? `P${OVERLAP_DAYS}D`)
  if (overlap === undefined || overlap > 366 * DAY_MS) {
    throw new UsageError('--overlap is a duration up to P366D')
  }
  const until = Date.now() + overlap
  const key = printVerifier(rotateKey(path, owner, until))
  const { epoch } = readLogConfig(path)
  const old = `the old one signs beside it until ${printInstantShort(until)}`
  const what = owner === 'decisions' ? `a new log begins, epoch ${epoch}` : old
  if (args.json) await writeJson({ key, epoch })
  else
    await writeLine(
      `${key}\n${what}. Restart the server to use it, and give the new key to those who check.`,
    )
  return EXIT.done
}

async function listAction(args: Arguments, path: string): Promise<number> {
  const keys = publicKeysOf(path)
  const logs = keys.logs.map(printVerifier)
  const statements = keys.statements.map(printVerifier)
  if (args.json) await writeJson({ logs, statements })
  else await writeLine([...logs, ...statements].join('\n'))
  return EXIT.done
}
