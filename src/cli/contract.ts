import { commandOf } from './act-command.ts'

export const contract = commandOf({
  name: 'contract',
  path: 'contracts',
  subject: 'many',
  text: { word: 'terms', act: 'contract.sign' },
  evidence: 'digest',
  summary: 'contracts from their draft to their end',
  acts: 'draft, propose, sign, enrol, attest, suspend, reinstate, stop, terminate and others',
})
