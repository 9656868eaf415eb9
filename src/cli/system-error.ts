import { existsSync } from 'node:fs'
import { dirname } from 'node:path'

/** What the platform refuses of a path, by its code, and what to do. */
const REFUSALS: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) =>
    existsSync(dirname(path))
      ? `no file ${path}`
      : `no directory ${dirname(path)}; make it, or name another`,
  EACCES: (path) => `${path} may not be read or written here; change its mode, or name another`,
  EPERM: (path) => `${path} may not be read or written here; change its mode, or name another`,
  EROFS: (path) => `the disk of ${path} is only read; name another place`,
  EISDIR: (path) => `${path} is a directory; name a file`,
  ENOTDIR: (path) => `a file stands where ${path} needs a directory; name another place`,
  ENOSPC: (path) => `no room on the disk for ${path}; make some`,
}

/** What the platform refused, in a sentence. A file that is written beside its place is called by its own name. */
export function systemMessage(error: SystemError): string {
  const { code = '', dest, path = dest, message } = error
  const refusal = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined
  if (refusal && path !== undefined) return refusal((dest ?? path).replace(/\.part$/, ''))
  // One that is read has no path.
  return code === 'EISDIR' ? 'a directory is named where a file is read; name a file' : message
}

interface SystemError extends NodeJS.ErrnoException {
  /** Of a file that is given another name: that name. */
  readonly dest?: string | undefined
}
