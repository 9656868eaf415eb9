import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './example-world.ts'

/** The package as `npm run build` makes it, in a new directory with nothing else. */
export function builtPackage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-built-'))
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')], { cwd: ROOT })
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  return folder
}

/** Everything that a built module imports, by name. */
function importsOf(folder: string, module: string): string[] {
  const code = readFileSync(join(folder, module), 'utf8').replaceAll(/^\/\/.*$/gm, '')
  const names = code.matchAll(/(?:(?<!['"])\bfrom|\bimport\(?)\s*(['"])([^'"]+)\1|\brequire\(/g)
  return [...names].map(([all, , name]) => name ?? all)
}

/** The modules of a built package that one loads, itself among them, and whatever they import that is no module beside them. */
export function graphOf(folder: string, entry: string): { modules: string[]; foreign: string[] } {
  const modules = [entry]
  const foreign: string[] = []
  for (const module of modules) {
    for (const name of importsOf(folder, module)) {
      const path = new URL(name, `file://${module}`).pathname
      if (!name.startsWith('.')) foreign.push(`${module} imports ${name}`)
      else if (!modules.includes(path)) modules.push(path)
    }
  }
  return { modules: modules.sort(), foreign }
}
