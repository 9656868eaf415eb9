import { commandOf } from './act-command.ts'

export const people = commandOf({
  name: 'people',
  path: 'people',
  subject: 'people/people',
  evidence: 'digest',
  summary: 'who acts in the register, in which roles',
  acts: 'begin, register, grant, revoke, replace-key, leave',
})
