import type { Act } from '../src/act.ts'
import { assert } from '../src/assert.ts'
import type { Role } from '../src/people.ts'
import type { Provider } from '../src/policy/provider.ts'
import type { Application } from '../src/review/application.ts'
import type { CaseContext, Decided } from '../src/review/asking.ts'
import { type Case, foldCase } from '../src/review/case.ts'
import type { CaseCommand } from '../src/review/case-commands.ts'
import type { CaseEvent } from '../src/review/case-events.ts'
import type { CaseRefusal } from '../src/review/case-refusals.ts'
import { questionsOf } from '../src/review/considerations.ts'
import { decideCase } from '../src/review/decide-case.ts'
import { determinationDigest } from '../src/review/determination.ts'
import type { Instant } from '../src/time.ts'
import {
  applicationOf,
  CONTEXT,
  CUSTOMER,
  drafting,
  exampleContract,
  instantOf,
  OPENED,
  PEOPLE,
  type PersonName,
  PROVIDER,
  renewingApplication,
  sha256,
  soundCommand,
} from './case-world.ts'

/** A case, and all that has happened to it. */
export class Story {
  state: Case | undefined
  readonly events: { readonly event: CaseEvent; readonly act: Act }[] = []
  at: Instant = OPENED
  readonly context: CaseContext
  private nonces = 0

  constructor(context: CaseContext = CONTEXT) {
    this.context = context
  }

  /** The act that signs a command now, of what is shown now. */
  actOf(by: string, role: Role, changes: Partial<Act> = {}): Act {
    return {
      by,
      role,
      at: this.at,
      round: this.state?.round ?? 0,
      digest: this.state ? determinationDigest(this.state, sha256) : `sha256:${'0'.repeat(64)}`,
      nonce: `n${++this.nonces}`,
      proof: { kind: 'ed25519', key: 'k', signature: 's' },
      ...changes,
    }
  }

  /** Decides a command and, when it is carried out, folds what comes of it. */
  do(command: CaseCommand, act: Act): Decided {
    const customer = act.role === 'customer-representative' ? CUSTOMER : null
    const decided = decideCase(this.state, command, act, { customer, ...contextOf(this.context) })
    if (!decided.ok) return decided
    for (const event of decided.value) {
      this.events.push({ event, act })
      this.state = foldCase(this.state, { event, act })
    }
    return decided
  }

  /** A person acts in their usual role; the code of the refusal, or what happened. */
  try(by: PersonName, command: CaseCommand, changes: Partial<Act> = {}): CaseRefusal | string[] {
    const decided = this.do(command, this.actOf(by, PEOPLE[by], changes))
    return decided.ok ? decided.value.map(({ type }) => type) : decided.error.code
  }

  /** As `try`, of what has to be carried out. */
  go(by: PersonName, command: CaseCommand): this {
    const decided = this.do(command, this.actOf(by, PEOPLE[by]))
    assert(decided.ok, `${command.act}: ${decided.ok ? '' : JSON.stringify(decided.error)}`)
    return this
  }

  sound(act: CaseCommand['act'], question = 'dialogue'): CaseCommand {
    return soundCommand(act, this.at, question)
  }
}

function contextOf({
  provider,
  sha256: hash,
  renewed,
}: CaseContext): Omit<CaseContext, 'customer'> {
  return { provider, sha256: hash, renewed }
}

/** The way to a determination: each mark is where the story may stop. */
const MARKS = ['draft', 'submitted', 'screened', 'assessed', 'determining', 'determined'] as const
export type Mark = (typeof MARKS)[number] | 'approving'

/** A story told up to a mark, all at one instant; `approving` has two of three approvals. */
export function storyTo(
  mark: Mark,
  context: CaseContext = CONTEXT,
  asked: Application = applicationOf(),
  at: Instant = OPENED,
): Story {
  const story = new Story(context)
  story.at = at
  const opening = soundCommand('case.open', story.at) as Extract<CaseCommand, { act: 'case.open' }>
  story.go('rep', { ...opening, application: asked })
  if (mark === 'draft') return story
  story.go('rep', story.sound('case.submit'))
  if (mark === 'submitted') return story
  story.go('assessor', story.sound('case.screen'))
  if (mark === 'screened') return story
  for (const question of questionsOf(PROVIDER))
    story.go('assessor', story.sound('case.find', question))
  story.go('assessor', story.sound('case.harms')).go('assessor', story.sound('case.weigh-benefit'))
  if (mark === 'assessed') return story
  story.go('assessor', drafting({}, asked))
  if (mark === 'determining') return story
  const approval = story.sound('case.approve')
  story.go('policy', approval).go('legal', approval)
  return mark === 'approving' ? story : story.go('safeguards', approval)
}

/** A story told up to a mark on which the provider's rule for exceptions has changed since. */
export function storyUnder(mark: Mark, change: Partial<Provider['exceptions']>): Story {
  const exceptions = { ...PROVIDER.exceptions, ...change }
  return storyOn(mark, { ...CONTEXT, provider: { ...PROVIDER, exceptions } })
}

/** A story told up to a mark, which goes on in another context. */
export function storyOn(mark: Mark, context: CaseContext): Story {
  const told = storyTo(mark)
  const story = new Story(context)
  story.state = told.state
  story.at = told.at
  return story
}

/** A draft of another application; `changes` replace fields. */
export function storyOf(changes: Readonly<Record<string, unknown>>): Story {
  return storyTo('draft', CONTEXT, applicationOf(changes))
}

/** A renewal of `osint-2026`, told up to a mark at an instant. */
export function renewal(at: string, mark: Mark): Story {
  const contract = exampleContract('osint-2026')
  const context = { ...CONTEXT, renewed: { contract, case: storyTo('determined').state ?? null } }
  return storyTo(mark, context, renewingApplication(), instantOf(at))
}
