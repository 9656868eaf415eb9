import { askAct } from './ask-act.ts'
import type { Command } from './command.ts'
import { answered } from './register-answer.ts'
import { ACTOR_HELP, ACTOR_OPTIONS, clientOf, EXIT_HELP } from './register-options.ts'
import { UsageError } from './usage-error.ts'

export const suspend: Command = {
  usage: 'ID --reason WORDS [OPTION]...',
  summary: 'suspend a contract, at once',
  help: `Suspends the contract ID in the register, whatever has happened to it meanwhile; that takes effect before the
governance log has the entry. WORDS say why; whoever is affected will read them. Short for
\`contract suspend ID --set reasons=WORDS\`.

${ACTOR_HELP}

${EXIT_HELP}`,
  options: { reason: { type: 'string' }, ...ACTOR_OPTIONS },
  positionals: { least: 1, most: 1 },
  async run(args): Promise<number> {
    const reasons = args.text('reason') ?? ''
    if (reasons.trim() === '') throw new UsageError('say why: --reason WORDS')
    const path = `contracts/${encodeURIComponent(args.first)}`
    const command = { act: 'contract.suspend', reasons }
    const subject = `contract/${args.first}`
    return await answered(args, await askAct(clientOf(args), args, { path, subject, command }))
  },
}
