import { expect, test } from 'vitest'
import {
  BEGINS,
  type ContractStory,
  ENDS,
  OSINT,
  PROVIDER,
  running,
  signedByBoth,
} from '../../test/contract-story.ts'
import { DAY_MS } from '../time.ts'
import { contractOf, contractStateAt } from './contract-life.ts'
import { effectiveContract } from './fold-contract.ts'
import { reachOf } from './reach.ts'
import { inForceDuring, standingOf } from './standing.ts'

const PLACE = { tailoring: 'foreign-osint', deployment: 'desk-1' }

/** When the tailoring of the example is in force, as things are recorded. */
function inForce(story: ContractStory): readonly number[] {
  const contract = contractOf(story.known)
  const reach = reachOf(PROVIDER, contract, PLACE)
  return reach ? inForceDuring(standingOf(contract, reach, PLACE)) : []
}

test('a contract begins and ends by the clock, with nothing that runs', () => {
  const story = signedByBoth()
  const at = (instant: number): string => contractStateAt(story.known, instant)
  expect([at(story.at), at(BEGINS - 1), at(BEGINS), at(ENDS - 1), at(ENDS)]).toEqual([
    'approved',
    'approved',
    'in_force',
    'in_force',
    'expired',
  ])
})

test('what is drafted, signed and recorded is in force, until it is suspended', () => {
  const story = running()
  const attested = BEGINS + 15 * DAY_MS
  expect(inForce(story)).toEqual([BEGINS, attested])

  story.at = BEGINS + 2 * DAY_MS
  story.go('officer', { act: 'contract.suspend', reasons: 'A report of a wrong name' })
  expect(inForce(story)).toEqual([BEGINS, story.at])
  expect(story.try('officer', { act: 'contract.reinstate', reasons: 'It was nothing' })).toBe(
    'same-person',
  )

  const suspended = story.at
  story.after(1).go('watch', { act: 'contract.reinstate', reasons: 'The name was right' })
  expect(inForce(story)).toEqual([BEGINS, suspended, story.at, attested])

  story.after(1).go('signer', { act: 'contract.terminate', reasons: 'The Ministry has merged' })
  expect(inForce(story)).toEqual([BEGINS, suspended, suspended + DAY_MS, story.at])
  expect(contractStateAt(story.known, story.at)).toBe('terminated')
})

test('a suspension is compiled before it is under a checkpoint, a reinstatement is not', () => {
  const story = running()
  const published = story.known
  const before = story.events.length
  story.at = BEGINS + DAY_MS
  story.go('officer', { act: 'contract.suspend', reasons: 'A report' })
  const suspendedAt = story.at
  story.after(1).go('watch', { act: 'contract.reinstate', reasons: 'Nothing in it' })
  const { register } = effectiveContract(published, story.events.slice(before))
  expect(register.states.filter(({ from }) => from > BEGINS)).toEqual([
    { state: 'suspended', from: suspendedAt },
    { state: 'expired', from: ENDS },
  ])
  expect(OSINT.id).toBe(contractOf(story.known).id)
})

test('what is to end before it begins never begins', () => {
  const story = running()
  story.go('officer', { act: 'contract.suspend', reasons: 'A report' })
  const from = BEGINS - DAY_MS
  story.go('signer', { act: 'contract.terminate', from, reasons: 'The Ministry has merged' })
  story.go('watch', { act: 'contract.reinstate', reasons: 'Nothing in it' })
  expect(inForce(story)).toEqual([])
  expect(contractStateAt(story.known, BEGINS)).toBe('terminated')
})
