import { commandOf } from './act-command.ts'

/** `proviso case`: a word of the language, so that it is named only where it is exported. */
const ofCases = commandOf({
  name: 'case',
  path: 'cases',
  subject: 'many',
  text: { word: 'determination', act: 'case.approve' },
  evidence: 'list',
  summary: 'applications on their way to a determination',
  acts: 'open, revise, submit, screen, find, harms, weigh-benefit, draft-determination, approve, decline and others',
})

export { ofCases as case }
