import { statSync } from 'node:fs'
import { getuid } from 'node:process'
import { StoreFailure } from './failure.ts'

/** Who PostgreSQL runs as, when not as who starts it. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** The user without rights that every Linux has. */
const NOBODY: Owner = { uid: 65_534, gid: 65_534 }

/** Whether this process may act for any user; PostgreSQL refuses to run as such a one. */
export function isRoot(): boolean {
  return getuid?.() === 0
}

/** Who a data directory belongs to, or will: as root, whoever made it; null is who runs this. */
export function ownerOf(data: string): Owner | null {
  const owner = statSync(data, { throwIfNoEntry: false })
  if (isRoot()) {
    if (owner === undefined) return NOBODY
    if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
    throw new StoreFailure(
      'unusable-directory',
      `${data} belongs to root, whom PostgreSQL does not run as: chown -R ${NOBODY.uid}:${NOBODY.gid} ${data}`,
    )
  }
  if (owner === undefined || owner.uid === getuid?.()) return null
  throw new StoreFailure(
    'unusable-directory',
    `${data} belongs to user ${owner.uid}: run this as that user or as root, or name another directory`,
  )
}
