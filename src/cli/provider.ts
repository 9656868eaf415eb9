import { commandOf } from './act-command.ts'

export const provider = commandOf({
  name: 'provider',
  path: 'provider',
  subject: 'provider/provider',
  summary: "versions of policy and exceptions, and models' levels",
  acts: 'propose, approve, withdraw, models.add, models.assert, authorities.record',
})
