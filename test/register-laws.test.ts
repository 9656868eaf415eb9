import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { randomOf } from '../bench/example.ts'
import type { ContractLife } from '../src/contract/contract-life.ts'
import { DAY_MS, type Instant } from '../src/time.ts'
import { OPENED } from './case-world.ts'
import { MemoryRegister } from './memory-register.ts'
import {
  approvedIsShown,
  approvedOnFindings,
  clockByTable,
  conflictVoids,
  determinedByQuorum,
  doerHasRole,
  editIsRound,
  endedIsFinal,
  nonceServesOnce,
  notWiderThanApplied,
  ownBodyAlone,
  refusedChangesNothing,
  requesterJudgesNothing,
  rolesApart,
  statesByTable,
  statesFromEvents,
  versionByQuorum,
} from './register-case-laws.ts'
import {
  dutyPauses,
  nothingBackDated,
  notWiderThanDetermined,
  oneContractACase,
  onlyNarrower,
  pastStays,
  pausedAtOnce,
  renewedInWindow,
  signedByBoth,
  termsAhead,
  termsAreRounds,
} from './register-contract-laws.ts'
import { foundingDeeds } from './register-deeds.ts'
import { type Holds, type Moment, performed } from './register-moment.ts'
import { walk } from './register-steps.ts'
import { lineOf, nextDeed } from './register-walk.ts'
import { RUNS } from './runs.ts'

// What docs/semantics.md says of people holds after everything that random people do in a register: to several cases and
// contracts, in changing roles and under changing versions of the policy.

/** Half of what other properties get in CI: each is a story of many acts. */
const STORIES = RUNS < 1_000 ? Math.ceil(RUNS / 2) : RUNS

/** Acts that are tried in each. */
const DEEDS = 70

const LAWS: { readonly name: string; readonly holds: Holds }[] = []

/** How each law was first broken. One that is broken leaves the others to be looked at. */
const broken = new Map<string, string>()

function law(name: string, holds: Holds): void {
  LAWS.push({ name, holds })
  test(name, () => expect(broken.get(name)).toBeUndefined())
}

law('§12: what is refused changes nothing', refusedChangesNothing)
law('§12: states change by the tables, and by nothing else', statesByTable)
law('§12: the clock alone leads only where the tables say', clockByTable)
law('§12: what has ended has ended', endedIsFinal)
law('§12.3: who acts has the role, their own key, and no role that excludes it', doerHasRole)
law('§12.4: no nonce serves two acts', nonceServesOnce)
law('§12.1: a representative acts for their own body alone', ownBodyAlone)
law('§12.3: nobody acts on one thing in roles that exclude each other', rolesApart)
law('§12.3: nobody who applies assesses or approves', requesterJudgesNothing)
law(
  '§12.3: what is determined was approved by a quorum of different people, one of whom has not assessed it',
  determinedByQuorum,
)
law(
  '§12.4: what counts as approved is what is shown, and what was voided stays to be seen',
  approvedIsShown,
)
law('§12.4: another text of a case is another round', editIsRound)
law(
  '§12.3: whoever approves has five current findings, the benefit and a whole harm table before them',
  approvedOnFindings,
)
law('§12.3: nothing stands of whom a conflict of interest was declared', conflictVoids)
law('§12.3: a determination is never wider than the application', notWiderThanApplied)
law('§7.3: a contract is never wider than its determination', notWiderThanDetermined)
law(
  '§12.4: other terms are another round, and what was signed of the one before is voided',
  termsAreRounds,
)
law(
  '§12.3: nothing comes to be in force without both signatures on the terms as they stood',
  signedByBoth,
)
law('§12.1: one contract is signed on a case, and that concludes it', oneContractACase)
law(
  '§12.6: no term is open or begins before it was decided and signed, and no end comes later',
  termsAhead,
)
law('§12.6: nothing that adds is dated before it is recorded', nothingBackDated)
law(
  '§12.6: a renewal begins when what it renews ends, is decided in the window, and rests on fresh findings',
  renewedInWindow,
)
law(
  '§12.6: what has been in force never comes to be more, and only some acts make it more ahead',
  pastStays,
)
law(
  '§12.5: who suspends or stops has one alone, at once, and who undoes it is another',
  pausedAtOnce,
)
law(
  '§12.7: past grace a duty takes its tailorings out of force until it is met and another person reinstates',
  dutyPauses,
)
law('§12.5: once both have signed, terms only become narrower', onlyNarrower)
law('§7.6: a version of the policy binds after a quorum of others than its author', versionByQuorum)
law('§13.1: states are what events come to, told again as plain JSON', statesFromEvents)

const seen = { founded: 0, inForce: 0, renewed: 0, amended: 0, reinstated: 0 }

/** A register in which only what comes next has been done to one contract, until an instant. */
function toldUntil(founded: MemoryRegister, until: Instant): MemoryRegister {
  const register = new MemoryRegister(founded)
  const random = randomOf(1)
  for (let at = OPENED; at < until; ) {
    const deed = nextDeed(register, random, at, lineOf(register, 'first', at))
    if (deed) expect(performed(register, deed).done).toMatchObject({ ok: true })
    else at += 5 * DAY_MS
  }
  return register
}

/** Two hours: what ten thousand stories may take on a slow machine. */
const HOOK_TIMEOUT_MS = 7_200_000

beforeAll(() => {
  const founded = new MemoryRegister()
  for (const deed of foundingDeeds())
    expect(performed(founded, deed).done).toMatchObject({ ok: true })
  const july = OPENED + 182 * DAY_MS
  const starts = {
    founded: { register: founded, from: OPENED },
    'near its end': { register: toldUntil(founded, july), from: july },
  }
  const start = fc.constantFrom('founded', 'founded', 'near its end' as const)
  const story = fc.property(fc.nat(), start, (seed, begun) => {
    const { register: given, from } = starts[begun as keyof typeof starts]
    const register = new MemoryRegister(given)
    let last = from
    for (const deed of walk(register, randomOf(seed), { from, deeds: DEEDS })) {
      const moment = performed(register, deed)
      last = Math.max(last, deed.at)
      check(moment, seed)
    }
    count(register, last, begun === 'founded')
  })
  fc.assert(story, { numRuns: STORIES })
}, HOOK_TIMEOUT_MS)

function check(moment: Moment, seed: number): void {
  for (const { name, holds } of LAWS) {
    if (broken.has(name)) continue
    try {
      holds(moment)
    } catch (error) {
      const { deed, done } = moment
      broken.set(name, `${(error as Error).message}\nby ${JSON.stringify({ seed, deed, done })}`)
    }
  }
}

function count({ things, events }: MemoryRegister, at: Instant, isFounded: boolean): void {
  const lives = [...things].flatMap(([name, { state }]) =>
    name.startsWith('contract/') ? [state as ContractLife] : [],
  )
  const begun = lives.filter(({ states }) =>
    states.some(({ state, from }) => state === 'in_force' && from <= at),
  )
  const types = new Set(events.map(({ event }) => event.type))
  if (isFounded) seen.founded++
  if (isFounded && begun.length > 0) seen.inForce++
  if (lives.some(({ renews, ends }) => renews !== null && ends !== null)) seen.renewed++
  if (types.has('terms-amended')) seen.amended++
  if (types.has('contract-reinstated')) seen.reinstated++
}

test('enough of it comes to a contract in force, and beyond', () => {
  const share = Math.round((100 * seen.inForce) / seen.founded)
  process.stdout.write(
    `${share} of 100 random registers came to a contract in force: ${JSON.stringify(seen)}\n`,
  )
  expect(share).toBeGreaterThan(50)
  // Or nothing was shown of them.
  expect(Math.min(seen.renewed, seen.amended, seen.reinstated)).toBeGreaterThan(STORIES / 50)
})
