import type * as z from 'zod'
import type { Act, Refusal } from '../act.ts'
import { contractCommand } from '../contract/contract-commands.ts'
import type { ContractLife } from '../contract/contract-life.ts'
import { decideContract } from '../contract/decide-contract.ts'
import { foldContract } from '../contract/fold-contract.ts'
import { fail, type Result } from '../result.ts'
import { type Case, foldCase } from '../review/case.ts'
import { caseCommand } from '../review/case-commands.ts'
import { decideCase } from '../review/decide-case.ts'
import {
  decidePeople,
  foldPeople,
  NO_PEOPLE,
  type People,
  peopleCommand,
} from '../review/people.ts'
import {
  decideProvider,
  foldProvider,
  NO_DOCUMENTS,
  type ProviderRegister,
  providerCommand,
} from '../review/provider-register.ts'
import type { StoredEvent } from '../store/change.ts'
import type { Listing } from '../store/listing.ts'
import type { RegisterContext } from './register-context.ts'

type ActShape = z.ZodObject<{ act: z.ZodLiteral<string> }>

/** The names of the acts that a command may be. */
export function actsOf({ options }: Kind['command']): readonly string[] {
  return options.map(({ shape }) => shape.act.value)
}

type Decided = Result<readonly StoredEvent[], Refusal>

/** One kind of thing in the register: its commands, what decides them, and what its events come to. */
export interface Kind {
  readonly command: z.ZodType<{ readonly act: string }> & { readonly options: readonly ActShape[] }
  readonly decide: (state: unknown, command: never, act: Act, context: RegisterContext) => Decided
  readonly fold: (state: unknown, recorded: never) => unknown
  /** Absent of what there is one of. */
  readonly listingOf?: (state: never) => Listing
}

/** By stream. */
export const KINDS: Readonly<Record<string, Kind>> = {
  people: {
    command: peopleCommand,
    decide: (state, command, act) => decidePeople((state ?? NO_PEOPLE) as People, command, act),
    fold: (state, recorded) => foldPeople((state ?? NO_PEOPLE) as People, recorded),
  },
  provider: {
    command: providerCommand,
    decide: (state, command, act, { documents }) =>
      decideProvider((state ?? NO_DOCUMENTS) as ProviderRegister, command, act, documents),
    fold: (state, recorded) => foldProvider((state ?? NO_DOCUMENTS) as ProviderRegister, recorded),
  },
  case: {
    command: caseCommand,
    decide: (state, command, act, { provider, sha256, customer, renewed }) =>
      provider === undefined
        ? NO_POLICY
        : decideCase(state as Case | undefined, command, act, {
            provider,
            sha256,
            customer,
            renewed,
          }),
    fold: (state, recorded) => foldCase(state as Case | undefined, recorded),
    listingOf: listingOfCase,
  },
  contract: {
    command: contractCommand,
    decide: (state, command, act, context) => {
      const { provider, sha256, customer, determined, renewed } = context
      if (provider === undefined) return NO_POLICY
      const renews = renewed?.contract ?? null
      const given = { provider, sha256, customer, determined, renewed: renews }
      return decideContract(state as ContractLife | undefined, command, act, given)
    },
    fold: (state, recorded) => foldContract(state as ContractLife | undefined, recorded),
    listingOf: listingOfContract,
  },
}

function listingOfCase({ id, application, legacy, state, actedAt, lapsesAt }: Case): Listing {
  const { customer, mission, tailorings } = application
  const lapsed = lapsesAt === null ? [] : [{ state: 'lapsed', since: lapsesAt }]
  return {
    customer,
    words: [
      id,
      customer,
      mission,
      ...tailorings.map((tailoring) => tailoring.id),
      ...(legacy ? [legacy.restriction, legacy.use ?? ''] : []),
    ],
    states: [{ state, since: actedAt }, ...lapsed],
  }
}

function listingOfContract(life: ContractLife): Listing {
  const { id, customer, terms, states, actedAt } = life
  const ids = [...terms.tailorings, ...terms.deployments].map((one) => one.id)
  const known = states.map(({ state, from }) => ({ state, since: from }))
  const drafted = { state: 'draft', since: Math.min(actedAt, ...known.map(({ since }) => since)) }
  return {
    customer,
    words: [id, customer, terms.mission, ...ids],
    states: [drafted, ...known],
  }
}

const NO_POLICY: Decided = fail({
  code: 'no-policy',
  message: 'no version of the policy is published; propose one and have it approved',
})
