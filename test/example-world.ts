import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kindOfFile, parseDocuments } from '../src/decision/documents.ts'
import type { World } from '../src/decision/world.ts'

export const ROOT = join(import.meta.dirname, '..')

/** The directory of the example provider. */
export const EXAMPLE_DIR = join(ROOT, 'examples/example-ai')

/** The directory that `proviso init` copies: the smallest that does something. */
export const MINIMAL_DIR = join(ROOT, 'examples/minimal')

/** The example provider and all its customers. */
export const EXAMPLE: World = readExample()

/** The example provider's own documents as its author wrote them. */
export const EXAMPLE_TEXTS = {
  policy: readFileSync(join(EXAMPLE_DIR, 'policy.yaml'), 'utf8'),
  exceptions: readFileSync(join(EXAMPLE_DIR, 'exceptions.yaml'), 'utf8'),
}

function readExample(): World {
  const files = readdirSync(EXAMPLE_DIR, { recursive: true, encoding: 'utf8' })
    .filter((name) => kindOfFile(name) !== undefined && kindOfFile(name) !== 'tests')
    .map((name) => ({ name, text: readFileSync(join(EXAMPLE_DIR, name), 'utf8') }))
  const { world } = parseDocuments(files)
  if (!world) throw new Error('the example is in error')
  return world
}
