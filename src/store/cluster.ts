import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { StoreFailure } from './failure.ts'
import { ownerOf } from './owner.ts'
import { type Cluster, DATA, DATA_AS_OPENED } from './postmaster.ts'
import { environmentOf, type Programs, packagedPrograms, versionOf } from './programs.ts'

/** A data directory that is being made. What is left of one is of no use, and holds nothing of anybody's. */
const PART = 'data.part'

/** Longest that the making of a data directory may take, in milliseconds. */
const INITDB_MS_MAX = 120_000

/** The superuser; no other is made. */
export const USER = 'proviso'

const INITDB_ARGS = [
  `--username=${USER}`,
  '--auth-local=trust',
  '--auth-host=reject',
  '--data-checksums',
  '--encoding=UTF8',
  '--locale=C',
  '--no-instructions',
]

/** A cluster with a data directory, which is made when there is none. One that is there is never deleted. */
export async function clusterIn(path: string, programs?: Programs): Promise<Cluster> {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const directory = realpathSync(path)
  const data = join(directory, DATA)
  const owner = ownerOf(data)
  const found = programs ?? packagedPrograms(directory, owner)
  const cluster = { directory, programs: found, owner }
  const version = versionOf(found, owner)
  if (version === undefined) {
    const message = `PostgreSQL in ${found.bin} does not run: install it anew, or name a server by DATABASE_URL`
    throw new StoreFailure('no-programs', message)
  }
  if (existsSync(data)) refuseAnother(data, version)
  else await makeData(cluster)
  return cluster
}

/** A data directory is of one major version of PostgreSQL. */
function refuseAnother(data: string, version: string): void {
  const file = join(data, 'PG_VERSION')
  if (!existsSync(file)) {
    const message = `${data} is not a data directory of PostgreSQL: restore it from a backup, or name another directory`
    throw new StoreFailure('unusable-directory', message)
  }
  const made = readFileSync(file, 'utf8').trim()
  if (made === version) return
  const message = `${data} was made by PostgreSQL ${made}, and this is ${version}: run pg_upgrade, or dump it with ${made} and restore it`
  throw new StoreFailure('unusable-directory', message)
}

/** Made under another name and then renamed, so that a data directory is whole or not there. */
async function makeData(cluster: Cluster): Promise<void> {
  const part = join(cluster.directory, PART)
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { mode: 0o700 })
  if (cluster.owner) chownSync(part, cluster.owner.uid, cluster.owner.gid)
  chmodSync(part, 0o700)
  await initdb(cluster, part)
  renameSync(part, join(cluster.directory, DATA))
  const directory = openSync(cluster.directory, 'r')
  fsyncSync(directory)
  closeSync(directory)
}

async function initdb({ programs, owner, directory }: Cluster, part: string): Promise<void> {
  const opened = openSync(part, 'r')
  const child = spawn(join(programs.bin, 'initdb'), ['-D', DATA_AS_OPENED, ...INITDB_ARGS], {
    ...owner,
    cwd: '/',
    env: environmentOf(programs),
    stdio: ['ignore', 'ignore', 'pipe', opened],
    timeout: INITDB_MS_MAX,
  })
  closeSync(opened)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-1_000)
  })
  const { promise: code, resolve } = Promise.withResolvers<number | null>()
  child.once('error', () => resolve(null)).once('close', resolve)
  if ((await code) === 0) return
  const why = said.trim().split('\n').at(-1) || 'initdb did not end'
  const message = `no database can be made in ${directory} (${why}): make room for it there, or name another directory`
  throw new StoreFailure('not-started', message)
}
