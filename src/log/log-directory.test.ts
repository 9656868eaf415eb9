import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createLogDirectory, isLogDirectory, rotateKey } from './log-directory.ts'

const NAMES = { host: 'proviso.example', name: 'main' }

function newPath(): string {
  const top = mkdtempSync(join(tmpdir(), 'proviso-logs-'))
  onTestFinished(() => rmSync(top, { recursive: true }))
  return join(top, 'logs')
}

function foldersIn(path: string): string[] {
  return readdirSync(path).filter((name) => statSync(join(path, name)).isDirectory())
}

test('a directory has the folders of its logs from the start, and of a new epoch with its key', () => {
  const path = newPath()
  createLogDirectory(path, NAMES)
  expect(foldersIn(path).sort()).toEqual(['decisions-main-1', 'governance', 'keys'])
  rotateKey(path, 'decisions', 0)
  expect(foldersIn(path)).toContain('decisions-main-2')
})

test('nobody but the owner may look into what a directory holds', () => {
  const path = newPath()
  createLogDirectory(path, NAMES)
  for (const folder of foldersIn(path)) expect(statSync(join(path, folder)).mode & 0o077).toBe(0)
})

test('a directory that another process makes is left to it', () => {
  const path = newPath()
  mkdirSync(join(path, 'keys'), { recursive: true })
  expect(() => createLogDirectory(path, NAMES)).toThrow('another process makes it')
  expect(readdirSync(join(path, 'keys'))).toEqual([])
  expect(isLogDirectory(path)).toBe(false)
})

test.each(['a/decisions/b', 'a/decisions/b/decisions/c'])(
  'a host whose governance log would be taken for a decision log is refused: %s',
  (host) => {
    const path = newPath()
    expect(() => createLogDirectory(path, { ...NAMES, host })).toThrow('/decisions/')
    expect(existsSync(path)).toBe(false)
  },
)
