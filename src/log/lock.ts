import { randomBytes } from 'node:crypto'
import { closeSync, constants, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { platform } from 'node:os'
import { join } from 'node:path'
import { LogFailure } from './failure.ts'

// One writer to a directory. The lock is a socket in it that the holder listens on: the system lets go of it when
// the holder ends, however it ends, and whoever reaches the directory can ask whether anybody listens.

const NAME = 'lock'

/** How often somebody else may take the lock while this process tries to. */
const TRIES_MAX = 5

export interface Lock {
  /** Whether the lock that stands in the directory is still this one. */
  isHeld(): boolean
  release(): Promise<void>
}

/** Takes the lock of a directory, or throws a `LogFailure`. */
export async function lockDirectory(directory: string): Promise<Lock> {
  const short = shortened(directory)
  const own = join(short.path, `${NAME}.${randomBytes(8).toString('hex')}`)
  const server = await listening(own).catch((error: NodeJS.ErrnoException) => {
    short.release()
    throw unlockable(directory, error)
  })
  const { ino } = statSync(own)
  const lock = join(short.path, NAME)
  try {
    await take(own, lock, directory)
  } catch (error) {
    await closed(server)
    short.release()
    throw error
  } finally {
    rmSync(own, { force: true })
  }
  const isHeld = (): boolean => statSync(lock, { throwIfNoEntry: false })?.ino === ino
  const release = async (): Promise<void> => {
    if (isHeld()) rmSync(lock)
    await closed(server)
    short.release()
  }
  return { isHeld, release }
}

/** The system's own message names a path that only this process knows. */
function unlockable(directory: string, error: NodeJS.ErrnoException): LogFailure {
  const message = `${directory} takes no lock: ${error.code}; let who runs this write to it, or name another directory`
  return new LogFailure('locked', message, error)
}

interface Shortened {
  readonly path: string
  release(): void
}

/** The directory under a name that is short enough for a socket's, which has about a hundred bytes. */
function shortened(directory: string): Shortened {
  if (platform() !== 'linux') return { path: directory, release: () => undefined }
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  return { path: `/proc/self/fd/${descriptor}`, release: () => closeSync(descriptor) }
}

async function take(own: string, lock: string, directory: string): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (linked(own, lock)) return
    if (await answers(lock)) break
    // Nobody listens: its holder has ended. Moved away and asked once more, lest it be a new holder's by now.
    const moved = `${own}.old`
    try {
      renameSync(lock, moved)
    } catch {
      continue
    }
    const isAnother = await answers(moved)
    if (isAnother) linked(moved, lock)
    rmSync(moved, { force: true })
    if (isAnother) break
  }
  throw new LogFailure(
    'locked',
    `another process writes to ${directory}; stop it first, or name another directory`,
  )
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (isAnswered: boolean): void => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.once('connect', () => end(true))
    // Anything but a refusal may be a holder that is busy.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      end(code !== 'ECONNREFUSED' && code !== 'ENOENT')
    })
  })
}

function listening(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  server.unref()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
