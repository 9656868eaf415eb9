import { isId } from '../ids.ts'
import { fail, ok, type Result } from '../result.ts'
import { quote } from '../suggest.ts'
import { type OpenCheckpoint, openCheckpoint } from './checkpoint.ts'
import type { Fault } from './fault.ts'
import type { Verifier } from './key.ts'
import { decisionsFolder, GOVERNANCE_FOLDER } from './log-directory.ts'
import { openNote } from './note.ts'
import { isQuorum, type Trust } from './trust.ts'

// The logs that somebody has keys of, and where each stands.

/** A log, and the keys that may have signed it. */
export interface KnownLog {
  readonly origin: string
  /** Below the directory of logs, or below `/log/`. */
  readonly folder: string
  readonly isGovernance: boolean
  readonly keys: readonly Verifier[]
}

const ORIGIN = /^.+\/(?:governance|decisions\/(?<name>[^/]+)\/(?<epoch>[1-9]\d{0,8}))$/

/** Where the log of an origin stands; undefined when it is no log of ours. */
export function folderOf(origin: string): string | undefined {
  const match = ORIGIN.exec(origin)
  const { name, epoch } = match?.groups ?? {}
  if (name === undefined) return match === null ? undefined : GOVERNANCE_FOLDER
  return isId(name) ? decisionsFolder(name, Number(epoch)) : undefined
}

/** Most keys of logs that are looked at. */
const KEYS_MAX = 4_096

/** The logs that keys are of, in the order of the keys. A key's name is the origin of its log. */
export function knownLogs(keys: readonly Verifier[]): readonly KnownLog[] {
  const origins = new Set(keys.slice(0, KEYS_MAX).map(({ name }) => name))
  return [...origins].flatMap((origin) => {
    const folder = folderOf(origin)
    if (folder === undefined) return []
    const own = keys.filter(({ name }) => name === origin)
    return [{ origin, folder, isGovernance: folder === GOVERNANCE_FOLDER, keys: own }]
  })
}

/** The checkpoint in a note, when a key of the log has signed it, and witnesses enough of whoever asks for some. */
export async function openTrusted(
  note: string,
  { origin, keys }: Pick<KnownLog, 'origin' | 'keys'>,
  trust: Trust | null,
): Promise<Result<OpenCheckpoint, Pick<Fault, 'code' | 'message'>>> {
  if (keys.length === 0) {
    return fail({ code: 'unknown-log', message: `no key of ${quote(origin)} is known` })
  }
  const opened = await openCheckpoint(note, origin, keys)
  if (!opened.ok || trust === null || trust.quorum === null) return opened
  const witnesses = trust.witnesses.map(({ key }) => key)
  const witnessed = await openNote(note, witnesses)
  if (!witnessed.ok && witnessed.error.code !== 'unknown-signer') return witnessed
  const signed = witnessed.ok ? witnessed.value.signed : []
  if (isQuorum(trust, new Set(signed.map(({ key }) => key)))) {
    return ok({ ...opened.value, signed: [...opened.value.signed, ...signed] })
  }
  const message = `${signed.length} of its witnesses have cosigned it, which is no quorum by the trust file`
  return fail({ code: 'no-quorum', message })
}
