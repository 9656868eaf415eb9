import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { isId } from '../ids.ts'
import { writeSecretFile } from '../log/secret-file.ts'
import {
  KEY_DAYS,
  type KeyEntry,
  type KeyFile,
  newKey,
  printKeyFile,
  RATE_DEFAULT,
  RATE_MAX,
  type Scope,
  SECRET_BYTES,
} from '../server/keys.ts'
import { DAY_MS, parseDuration, printInstantShort } from '../time.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { readKeyFile } from './key-file.ts'
import { warn, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

export const key: Command = {
  usage: 'add|rotate|revoke|list FILE --id ID [OPTION]...',
  summary: 'make, replace, end and list the API keys of enforcement points',
  help: `FILE holds hashes of keys, and only its owner may read it; a server takes changes within a second.

add     makes a key for --customer (any number of times) or --all-customers, with --metrics one that reads
        /metrics, with --auditor one that reads entries of logs, with --register one that reaches
        the register, or with --decision-point one that gets its bundle; prints it once. It ends after --lifetime
        (P${KEY_DAYS.default}D, at most P${KEY_DAYS.max}D), and may ask for --rate evaluations a second (${RATE_DEFAULT}).
rotate  makes a new key with a new --id like that of --from, which ends after --overlap (P7D).
revoke  ends the key --id now.
list    prints what is known of each key, which is not the key.

Exit 0: done. 2: wrong usage, or FILE is wrong.`,
  options: {
    id: { type: 'string' },
    from: { type: 'string' },
    customer: { type: 'string', multiple: true },
    'all-customers': { type: 'boolean' },
    metrics: { type: 'boolean' },
    auditor: { type: 'boolean' },
    register: { type: 'boolean' },
    'decision-point': { type: 'boolean' },
    lifetime: { type: 'string' },
    rate: { type: 'string' },
    overlap: { type: 'string' },
  },
  positionals: { least: 2, most: 2 },
  async run(args): Promise<number> {
    const [action = '', path = ''] = args.positionals
    if (action === 'add') return await add(args, path)
    if (action === 'rotate') return await rotate(args, path)
    if (action === 'revoke') return await revoke(args, path)
    if (action === 'list') return await list(args, path)
    throw new UsageError(`no action ${action}; say add, rotate, revoke or list`)
  },
}

const NO_KEYS: KeyFile = { format: 'proviso/keys@1', keys: [] }

async function add(args: Arguments, path: string): Promise<number> {
  const file = existsSync(path) ? readKeyFile(path) : NO_KEYS
  const customers = customersOf(args)
  const scope = scopeOf(args)
  const rate = args.count('rate') ?? RATE_DEFAULT
  if (rate < 1 || rate > RATE_MAX) throw new UsageError(`--rate is from 1 to ${RATE_MAX}`)
  const lifetime = daysOf(args, 'lifetime', KEY_DAYS.default)
  return await hand(args, { path, file, like: { customers, scope, rate }, lifetime })
}

/** Scopes of keys that are for no customer, each an option. */
const SCOPE_FLAGS = ['metrics', 'auditor', 'register', 'decision-point'] as const

function scopeOf(args: Arguments): Scope {
  return SCOPE_FLAGS.find((flag) => args.flag(flag)) ?? 'enforcement-point'
}

function customersOf(args: Arguments): KeyEntry['customers'] {
  const named = args.texts('customer')
  const bad = named.find((customer) => !isId(customer))
  if (bad !== undefined) throw new UsageError(`--customer ${bad} is no customer’s id`)
  const flags = ['all-customers', ...SCOPE_FLAGS].filter((flag) => args.flag(flag))
  if (flags.length + Number(named.length > 0) !== 1) {
    throw new UsageError(
      'say for whom: --customer ID, --all-customers, --metrics, --auditor, --register or --decision-point',
    )
  }
  return args.flag('all-customers') ? 'all' : [...named]
}

function daysOf(args: Arguments, option: string, usual: number): number {
  const text = args.text(option) ?? `P${usual}D`
  const duration = parseDuration(text)
  if (duration !== undefined && duration <= KEY_DAYS.max * DAY_MS) return duration
  throw new UsageError(`--${option} ${text} is no duration up to P${KEY_DAYS.max}D`)
}

interface Handing {
  readonly path: string
  readonly file: KeyFile
  readonly like: Pick<KeyEntry, 'customers' | 'scope' | 'rate'>
  readonly lifetime: number
}

/** Makes a key, keeps its hash, and prints it this once. */
async function hand(args: Arguments, { path, file, like, lifetime }: Handing): Promise<number> {
  const id = args.text('id') ?? ''
  if (!isId(id)) throw new UsageError('give the key an id: --id gateway-1')
  if (file.keys.some((entry) => entry.id === id)) {
    throw new UsageError(`${path} has a key ${id}; give the new one another --id`)
  }
  const at = Date.now()
  const { text, entry } = newKey({ id, at, lifetime, ...like }, randomBytes(SECRET_BYTES))
  writeSecretFile(path, printKeyFile({ ...file, keys: [...file.keys, entry] }))
  const expires = printInstantShort(entry.expires)
  if (args.json) await writeJson({ key: text, id, expires })
  else {
    // Alone, so that what is printed can go to a file that holds the key.
    await writeLine(text)
    warn(`Shown this once. Ends at ${expires}.`)
  }
  return EXIT.done
}

function entryOf(path: string, { keys }: KeyFile, id: string | undefined): KeyEntry {
  const entry = keys.find((one) => one.id === id)
  if (entry) return entry
  const known = keys.map((one) => one.id).join(', ')
  throw new UsageError(`${path} has no key ${id ?? ''}; it has ${known || 'none'}`)
}

async function rotate(args: Arguments, path: string): Promise<number> {
  const file = readKeyFile(path)
  const old = entryOf(path, file, args.text('from'))
  const { customers, scope, rate } = old
  const ends = Date.now() + daysOf(args, 'overlap', 7)
  const keys = file.keys.map((entry) => {
    return entry === old ? { ...entry, expires: Math.min(entry.expires, ends) } : entry
  })
  const lifetime = daysOf(args, 'lifetime', KEY_DAYS.default)
  return await hand(args, {
    path,
    file: { ...file, keys },
    like: { customers, scope, rate },
    lifetime,
  })
}

async function revoke(args: Arguments, path: string): Promise<number> {
  const file = readKeyFile(path)
  const { id } = entryOf(path, file, args.text('id'))
  const keys = file.keys.filter((entry) => entry.id !== id)
  writeSecretFile(path, printKeyFile({ ...file, keys }))
  if (args.json) await writeJson({ revoked: id })
  else await writeLine(`${id}: revoked`)
  return EXIT.done
}

async function list(args: Arguments, path: string): Promise<number> {
  const keys = readKeyFile(path).keys.map(({ hash: _, created, expires, ...rest }) => {
    return { ...rest, created: printInstantShort(created), expires: printInstantShort(expires) }
  })
  if (args.json) await writeJson({ keys })
  else for (const row of keys) await writeLine(rowOf(row))
  return EXIT.done
}

function rowOf(row: Omit<KeyEntry, 'hash' | 'created' | 'expires'> & { expires: string }): string {
  const { id, scope, customers, rate, expires } = row
  const whom = customers === 'all' ? 'all customers' : customers.join(', ')
  return `${id}: ${scope}${whom === '' ? '' : ` for ${whom}`}, ${rate} a second, ends ${expires}`
}
