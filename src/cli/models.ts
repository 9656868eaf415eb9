import type { Assertion, Snapshot } from '../policy/models.ts'
import { FIELD_OPTIONS, fieldsOf } from './act-fields.ts'
import { askAct } from './ask-act.ts'
import { type Arguments, type Command, EXIT } from './command.ts'
import { writeJson, writeLine } from './output.ts'
import { answered, type Locate } from './register-answer.ts'
import type { RegisterClient } from './register-client.ts'
import { ACTOR_HELP, ACTOR_OPTIONS, clientOf, EXIT_HELP } from './register-options.ts'
import { UsageError } from './usage-error.ts'

export const models: Command = {
  usage: 'list | add|assert MODEL [--set NAME=VALUE]... [--file FILE] [OPTION]...',
  summary: 'the models of the register, and what is asserted of their safety',
  help: `list shows the models and what was asserted of each. add registers a model: --set aliases='[ID, ...]' names its aliases.
assert says how safe it is: --set id=ID --set scheme=SCHEME --set level=LEVEL --set basis=BASIS --set from=INSTANT, or
--file FILE with the same fields, and \`rescinds\` for the assertion that it takes back. Nothing is ever taken away, and no
assertion counts from before it is made.

${ACTOR_HELP}

${EXIT_HELP}`,
  options: { ...FIELD_OPTIONS, ...ACTOR_OPTIONS },
  positionals: { least: 1, most: 2 },
  async run(args): Promise<number> {
    const [action = '', model] = args.positionals
    const client = clientOf(args)
    if (action === 'list' && model === undefined) return await list(client, args)
    if (action !== 'add' && action !== 'assert') {
      throw new UsageError(
        `no action ${args.positionals.join(' ')}; say list, add MODEL or assert MODEL`,
      )
    }
    if (model === undefined) throw new UsageError(`say which: models ${action} MODEL`)
    const { values, locate } = fieldsOf(args, 'digest')
    const command =
      action === 'add'
        ? { ...values, act: 'models.add', model }
        : { act: 'models.assert', model, assertion: values }
    const wanted = { path: 'provider', subject: 'provider/provider', command }
    return await answered(args, await askAct(client, args, wanted), ownFields(locate))
  },
}

/** An assertion's fields stand by themselves in a file. */
function ownFields(locate: Locate): Locate {
  return (problem) => {
    const isOwn = 'path' in problem && problem.path[0] === 'assertion'
    return locate(isOwn ? { ...problem, path: problem.path.slice(1) } : problem)
  }
}

async function list(client: RegisterClient, args: Arguments): Promise<number> {
  const answer = await client.get('provider')
  if (answer.status === 404) return await printModels(args, [])
  if (answer.status !== 200) return await answered(args, answer)
  return await printModels(args, answer.body.state.models as Shown[])
}

/** A model as the register shows it, with instants as texts. */
interface Shown extends Omit<Snapshot, 'levels'> {
  readonly levels: readonly (Omit<Assertion, 'from'> & { readonly from: string })[]
}

async function printModels(args: Arguments, known: readonly Shown[]): Promise<number> {
  if (args.json) await writeJson(known)
  else for (const model of known) await writeLine(textOfModel(model))
  return EXIT.done
}

function textOfModel({ id, aliases, levels }: Shown): string {
  const also = aliases.length > 0 ? `  (${aliases.join(', ')})` : ''
  const rows = levels.map(({ from, scheme, level, basis, id: own, rescinds }) => {
    const back = rescinds === undefined ? '' : `, rescinds ${rescinds}`
    return `  ${from}  ${own}: ${scheme} ${level}, ${basis}${back}`
  })
  return [`${id}${also}`, ...rows].join('\n')
}
