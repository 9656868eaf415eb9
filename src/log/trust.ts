import { fail, ok, type Result } from '../result.ts'
import { parseVerifier, type Verifier } from './key.ts'

// Whom to trust (https://c2sp.org/tlog-policy): logs, witnesses, and which witnesses are enough.

/** Longest trust file, in characters. */
const TRUST_CHARS_MAX = 1_000_000

/** Most lines of each kind. */
const ROWS_MAX = 256

export interface TrustedLog {
  /** Its name is the origin of the log. */
  readonly key: Verifier
  readonly url: string | null
}

export interface TrustedWitness {
  readonly name: string
  readonly key: Verifier
  readonly url: string | null
}

/** A witness, or a group that has witnessed when enough of its members have. */
type Party = TrustedWitness | Group

interface Group {
  readonly threshold: number
  readonly members: readonly Party[]
}

export interface Trust {
  readonly logs: readonly TrustedLog[]
  readonly witnesses: readonly TrustedWitness[]
  /** Null: no witness is needed. */
  readonly quorum: Party | null
}

export interface TrustError {
  readonly code: 'malformed-trust'
  /** From 1; 0 when it is about the file as a whole. */
  readonly line: number
  readonly message: string
}

/** Whether the witnesses whose keys have cosigned are enough. */
export function isQuorum({ quorum }: Trust, cosigned: ReadonlySet<Verifier>): boolean {
  return quorum === null || hasWitnessed(quorum, cosigned)
}

function hasWitnessed(party: Party, cosigned: ReadonlySet<Verifier>): boolean {
  if ('key' in party) return cosigned.has(party.key)
  return party.members.filter((member) => hasWitnessed(member, cosigned)).length >= party.threshold
}

/** The keys of a log by its origin. */
export function keysOf({ logs }: Trust, origin: string): readonly Verifier[] {
  return logs.map(({ key }) => key).filter(({ name }) => name === origin)
}

interface Reading {
  readonly logs: TrustedLog[]
  readonly witnesses: TrustedWitness[]
  /** Witnesses and groups, which share their names. */
  readonly parties: Map<string, Party>
  /** Names of parties that are a member of some group. */
  readonly members: Set<string>
  /** Undefined until there is such a line. */
  quorum: Party | null | undefined
}

const NO_QUORUM = 'none'

/** Reads a trust file; the error names the line. */
export async function parseTrust(text: string): Promise<Result<Trust, TrustError>> {
  if (text.length > TRUST_CHARS_MAX) return wrong(0, `it is over ${TRUST_CHARS_MAX} characters`)
  if (/[^\t\n\x20-\x7e\x80-\u{10ffff}]/u.test(text)) return wrong(0, 'it holds a control character')
  const reading: Reading = {
    logs: [],
    witnesses: [],
    parties: new Map(),
    members: new Set(),
    quorum: undefined,
  }
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.split(/[\t ]+/).filter((word) => word !== '')
    if (words.length === 0 || words[0]?.startsWith('#')) continue
    const problem = await readRow(reading, words)
    if (problem !== null) return wrong(i + 1, problem)
  }
  const { logs, witnesses, quorum } = reading
  return quorum === undefined
    ? wrong(0, 'it has no line `quorum`; say `quorum none` to ask for no witness')
    : ok({ logs, witnesses, quorum })
}

function wrong(line: number, why: string): Result<never, TrustError> {
  const where = line === 0 ? '' : `line ${line}: `
  return fail({ code: 'malformed-trust', line, message: `${where}${why}` })
}

/** Reads one row into what has been read; a sentence when it is wrong. */
async function readRow(
  reading: Reading,
  [kind, ...words]: readonly string[],
): Promise<string | null> {
  if (kind === 'log') return await readLog(reading, words)
  if (kind === 'witness') return await readWitness(reading, words)
  if (kind === 'group') return readGroup(reading, words)
  if (kind === 'quorum') return readQuorum(reading, words)
  return `a line begins with log, witness, group or quorum, not \`${kind}\``
}

async function readLog({ logs }: Reading, words: readonly string[]): Promise<string | null> {
  const [text = '', url = null] = words
  if (words.length < 1 || words.length > 2) return 'a log is `log <vkey> [<url>]`'
  const key = await parseVerifier(text)
  if (!key.ok || key.value.kind !== 'signature') return `\`${text}\` is no key of a log`
  if (logs.length === ROWS_MAX) return `it has over ${ROWS_MAX} logs`
  if (logs.some((log) => isSameKey(log.key, key.value))) return 'this key stands above already'
  logs.push({ key: key.value, url })
  return null
}

async function readWitness(reading: Reading, words: readonly string[]): Promise<string | null> {
  const { witnesses, parties } = reading
  const [name = '', text = '', url = null] = words
  if (words.length < 2 || words.length > 3) return 'a witness is `witness <name> <vkey> [<url>]`'
  const key = await parseVerifier(text)
  if (!key.ok || key.value.kind !== 'cosignature') return `\`${text}\` is no key of a witness`
  if (witnesses.length === ROWS_MAX) return `it has over ${ROWS_MAX} witnesses`
  if (witnesses.some((one) => isSameKey(one.key, key.value))) return 'this key stands above already'
  const witness = { name, key: key.value, url }
  witnesses.push(witness)
  return define(parties, name, witness)
}

function readGroup(reading: Reading, words: readonly string[]): string | null {
  const { parties, members: before } = reading
  const [name = '', count = '', ...names] = words
  if (names.length === 0) return 'a group is `group <name> all|any|<k> <name>...`'
  const unknown = names.find((member) => !parties.has(member))
  if (unknown !== undefined) return `no witness or group \`${unknown}\` stands above`
  // INVARIANT: a name is a member once in the whole file, so that a witness counts in one way only (tlog-policy).
  const again = names.find((member, i) => before.has(member) || names.indexOf(member) < i)
  if (again !== undefined) return `\`${again}\` is a member already, and must not count twice`
  for (const member of names) before.add(member)
  const members = names.flatMap((member) => parties.get(member) ?? [])
  const threshold = thresholdOf(count, members.length)
  if (threshold === undefined)
    return `all, any, or a number from 1 to ${members.length}, not \`${count}\``
  if (parties.size === 2 * ROWS_MAX) return `it has over ${2 * ROWS_MAX} witnesses and groups`
  return define(parties, name, { threshold, members })
}

function thresholdOf(text: string, members: number): number | undefined {
  if (text === 'all') return members
  if (text === 'any') return 1
  const count = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 0
  return count >= 1 && count <= members ? count : undefined
}

function readQuorum(reading: Reading, [name = '', ...rest]: readonly string[]): string | null {
  if (reading.quorum !== undefined) return 'there is a line `quorum` above already'
  const party = name === NO_QUORUM ? null : reading.parties.get(name)
  if (rest.length > 0 || party === undefined) return `no witness or group \`${name}\` stands above`
  reading.quorum = party
  return null
}

function define(parties: Map<string, Party>, name: string, party: Party): string | null {
  if (name === NO_QUORUM || parties.has(name)) return `the name \`${name}\` is taken`
  parties.set(name, party)
  return null
}

function isSameKey(a: Verifier, b: Verifier): boolean {
  return a.publicKey.every((byte, i) => byte === b.publicKey[i])
}
