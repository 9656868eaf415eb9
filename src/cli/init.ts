import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, EXIT } from './command.ts'
import { writeJson, writeLine } from './output.ts'
import { KINDS, printSchema } from './schema.ts'
import { UsageError } from './usage-error.ts'

/** The directory that a new one is copied from; the package ships it. */
const TEMPLATE = fileURLToPath(new URL('../../examples/minimal', import.meta.url))

export const init: Command = {
  usage: 'DIR',
  summary: 'write a small valid policy directory to start from',
  help: `Writes a small policy, a rule for exceptions with one entry, one model, one contract and a few test
cases, all with comments, and the JSON Schemas that editors complete them from. DIR must be empty or
not exist yet.

Exit 0: written. 2: DIR is not empty, or cannot be written.`,
  options: {},
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const dir = args.first
    if (existsSync(dir) && readdirSync(dir).length > 0) {
      throw new UsageError(`${dir} is not empty; name a new directory`)
    }
    cpSync(TEMPLATE, dir, { recursive: true })
    mkdirSync(join(dir, 'schemas'), { recursive: true })
    for (const kind of KINDS)
      writeFileSync(join(dir, 'schemas', `${kind}.schema.json`), printSchema(kind))
    if (args.json) await writeJson({ directory: dir })
    else await writeLine(`${dir}: written. Next: proviso check ${dir} && proviso test ${dir}`)
    return EXIT.done
  },
}
