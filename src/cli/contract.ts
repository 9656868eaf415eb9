import { commandOf } from './act-command.ts'

export const contract = commandOf({
  name: 'contract',
  path: 'contracts',
  subject: 'many',
  summary: 'contracts from their draft to their end',
  acts: 'draft, propose, sign, enrol, attest, suspend, reinstate, stop, terminate and others',
})
