import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DocumentKind, SHAPES, schemaOf } from '../decision/documents.ts'
import { type Command, EXIT } from './command.ts'
import { counted, writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

export const KINDS = Object.keys(SHAPES) as DocumentKind[]

export const schema: Command = {
  usage: '[KIND] [-o DIR]',
  summary: 'print the JSON Schemas of the documents, for editors',
  help: `Prints the JSON Schema of one KIND of document, or of all as one object.
KIND: ${KINDS.join(', ')}.
With -o DIR writes one file a kind, KIND.schema.json. A document names its schema in a comment:
# yaml-language-server: $schema=../schemas/policy.schema.json

Exit 0: printed. 2: wrong usage.`,
  options: { output: { type: 'string', short: 'o' } },
  positionals: { least: 0, most: 1 },
  async run(args): Promise<number> {
    const kinds = args.first === '' ? KINDS : KINDS.filter((kind) => kind === args.first)
    if (kinds.length === 0)
      throw new UsageError(`no kind ${args.first}; there are ${KINDS.join(', ')}`)
    const output = args.text('output')
    if (output === undefined) {
      const [only] = kinds
      const all = Object.fromEntries(kinds.map((kind) => [kind, schemaOf(kind)]))
      await writeJson(only !== undefined && kinds.length === 1 ? schemaOf(only) : all)
      return EXIT.done
    }
    mkdirSync(output, { recursive: true })
    for (const kind of kinds) {
      writeFileSync(join(output, `${kind}.schema.json`), printSchema(kind))
    }
    if (args.json) await writeJson({ output, kinds })
    else await writeLine(`${output}: ${counted(kinds.length, 'schema')}`)
    return EXIT.done
  },
}

/** The schema of a kind of document as its file holds it. */
export function printSchema(kind: DocumentKind): string {
  return `${JSON.stringify(schemaOf(kind), null, 2)}\n`
}
