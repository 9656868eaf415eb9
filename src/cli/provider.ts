import { commandOf } from './act-command.ts'
import { showEffects } from './provider-effects.ts'

export const provider = commandOf({
  name: 'provider',
  path: 'provider',
  subject: 'provider/provider',
  evidence: 'digest',
  summary: "versions of policy and exceptions, and models' levels",
  acts: 'propose, approve, withdraw, models.add, models.assert, authorities.record',
  shows: {
    word: 'effects',
    help: 'effects tells what contracts would lose by the version that waits.',
    show: showEffects,
  },
})
