import { textOf } from '../bytes.ts'
import type { TreeHead } from './checkpoint.ts'
import type { LogUnderCheck } from './fsck-files.ts'
import { openTrusted } from './known-log.ts'
import { PUBLISHED, SIGNED } from './shown-head.ts'
import type { Trust } from './trust.ts'

/** How far a log goes, and what it has published of that: null when that is not to be believed. */
export interface Head extends TreeHead {
  readonly published: TreeHead | null
}

/** How far a log goes that is checked, by what is rightly signed; null when nothing is. */
export async function headOf(check: LogUnderCheck, trust: Trust | null): Promise<Head | null> {
  const { log, files, findings } = check
  const published = await opened(check, PUBLISHED, trust)
  const signed = files ? await opened(check, SIGNED, null) : published
  const isAbsent = (head: Opened): boolean => head === 'missing'
  if (isAbsent(published) && isAbsent(signed)) {
    const message = 'it is not there: the log has not begun, or somebody has removed it'
    const found = { code: 'no-checkpoint', where: `${log.folder}/${PUBLISHED}`, message } as const
    const hasBegun =
      !files || (await Promise.all([files.list('journal'), files.list('tile')])).flat().length > 0
    if (hasBegun) findings.fault(found)
    else findings.note(found)
  } else if (isAbsent(signed)) {
    const message = `it is not there, and ${PUBLISHED} is`
    findings.fault({ code: 'no-checkpoint', where: `${log.folder}/${SIGNED}`, message })
  }
  if (typeof published === 'string')
    return typeof signed === 'string' ? null : { ...signed, published: null }
  if (typeof signed === 'string') return { ...published, published }
  if (published.size > signed.size) {
    const message = `${published.size} entries were published, and ${signed.size} are signed for: this is an older copy`
    findings.fault({ code: 'rolled-back', where: `${log.folder}/${SIGNED}`, message })
    return { ...signed, published: null }
  }
  return { ...signed, published }
}

type Opened = TreeHead | 'missing' | 'wrong'

async function opened(
  { log, source, findings }: LogUnderCheck,
  path: string,
  trust: Trust | null,
): Promise<Opened> {
  const bytes = await source.read(path)
  if (!bytes) return 'missing'
  const checkpoint = await openTrusted(textOf(bytes) ?? '', log, trust)
  if (checkpoint.ok) return checkpoint.value
  findings.fault({ ...checkpoint.error, where: `${log.folder}/${path}` })
  return 'wrong'
}
