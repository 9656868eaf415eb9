import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { Act } from '../src/act.ts'
import { contractOf } from '../src/contract/contract-life.ts'
import { digestOfTerms } from '../src/contract/drafting.ts'
import { DAY_MS, type Instant } from '../src/time.ts'
import { sha256 } from './bundle-of.ts'
import {
  beyond,
  type ContractMoment,
  type Fields,
  type Holds,
  instantsIn,
  isInForce,
  onContracts,
  placesOf,
} from './register-moment.ts'

// Laws of contracts; test/register-laws.test.ts says what each is called.

export const notWiderThanDetermined: Holds = onContracts(({ life, provider }) => {
  expect(beyond(provider, life.terms, life.draftedFrom.determination)).toEqual([])
})

export const termsAreRounds: Holds = onContracts(({ life, was, events }) => {
  expect(life.digest).toBe(digestOfTerms(life.terms, sha256))
  if (was && !isDeepStrictEqual(life.terms, was.terms))
    expect(life.round).toBeGreaterThan(was.round)
  if (was) expect(life.round).toBeGreaterThanOrEqual(was.round)
  const given = events.filter(({ event }) => event.type === 'contract-signed')
  expect(life.signatures.length + life.voided.length).toBe(given.length)
})

const SIGNED = new Set(['approved', 'in_force', 'suspended', 'expired', 'terminated'])

export const signedByBoth: Holds = onContracts((moment) => {
  const { life, events, from } = moment
  const isSigned = life.states.some(({ state }) => SIGNED.has(state))
  const approved = events.findIndex(({ event }) => event.type === 'contract-approved')
  expect(isSigned).toBe(approved >= 0)
  if (approved < 0) return
  const sealed = events.slice(0, approved)
  const edited = sealed.findLastIndex(({ event }) => event.type === 'terms-revised')
  const signed = sealed.slice(edited + 1).filter(({ event }) => event.type === 'contract-signed')
  expect(signed).toHaveLength(2)
  const [first, second] = signed.map(({ act }) => act)
  expect(first?.by).not.toBe(second?.by)
  expect(first?.digest).toBe(second?.digest)
  expect([first?.role, second?.role].sort()).toEqual(['customer-representative', 'signatory'])
  const approvers = from.approvals.map(({ by }) => by)
  for (const { act } of signed) {
    expect(approvers).not.toContain(act.by)
    expect(act.at).toBeLessThanOrEqual(life.terms.term.from)
  }
})

export const oneContractACase: Holds = ({ after, fresh }) => {
  for (const { subject, event } of fresh) {
    if (event.type !== 'contract-approved') continue
    const life = after.contract(subject.id)
    const own = after.case(life?.draftedFrom.determination.case ?? '')
    expect(own).toMatchObject({ state: 'concluded', concluded: { contract: subject.id } })
    expect(own?.concluded?.terms).toBe(life?.digest)
    const others = [...after.things].filter(([name, { state }]) => {
      const other = name.startsWith('contract/') && (state as typeof life)
      return other && other.ends !== null && other.draftedFrom.determination.case === own?.id
    })
    expect(others).toHaveLength(1)
  }
}

export const termsAhead: Holds = onContracts(({ life, was, news, act }) => {
  const { term } = life.terms
  expect(term.until).toBeGreaterThan(term.from)
  expect(term.from).toBeGreaterThanOrEqual(life.draftedFrom.determination.decided)
  if (news.some(({ event }) => event.type === 'contract-approved')) {
    expect(term.from).toBeGreaterThanOrEqual(act.at)
  }
  if (was?.ends) expect(life.ends?.from).toBeLessThanOrEqual(was.ends.from)
  if (was?.ends && was.ends.from <= act.at) expect(life.ends).toEqual(was.ends)
})

const ADDED = new Set(['deployment-enrolled', 'safeguard-attested', 'level-asserted'])

export const nothingBackDated: Holds = ({ fresh, act, before }) => {
  for (const { event } of fresh) {
    const told = event as unknown as Fields
    const row = (told['row'] ?? told['assertion'] ?? told) as { from: Instant; status?: string }
    const isStanding = event.type === 'authority-recorded' && row.status?.startsWith('in-force')
    if (isStanding || ADDED.has(event.type)) expect(row.from).toBeGreaterThanOrEqual(act.at)
    const { proposal, versions } = before.provider
    if (event.type === 'version-published' && versions.length > 0) {
      expect(proposal?.effective).toBeGreaterThanOrEqual(act.at)
    }
  }
}

export const renewedInWindow: Holds = onContracts(({ life, news, after, from }) => {
  if (life.renews === null) return
  const renewed = after.contract(life.renews)
  if (!renewed || !news.some(({ event }) => event.type === 'contract-approved')) return
  const ends = renewed.ends
  expect(ends).toEqual({ state: 'expired', from: life.terms.term.from })
  const { decided } = life.draftedFrom.determination
  expect(decided).toBeGreaterThanOrEqual((ends?.from ?? 0) - 30 * DAY_MS)
  const earlier = after.case(renewed.draftedFrom.determination.case)
  const said = earlier?.findings.map(({ rationale }) => rationale)
  for (const { rationale } of from.findings) expect(said).not.toContain(rationale)
})

/** Acts that add to what is in force from when they are recorded on. */
const ADDING = new Set([
  'contract.sign',
  'contract.enrol',
  'contract.attest',
  'contract.record-authority',
  'contract.meet-duty',
  'contract.reinstate-duty',
  'contract.lift-stop',
  'contract.reinstate',
])

export const pastStays: Holds = onContracts((moment) => {
  const { life, was, deed, act } = moment
  const is = contractOf(life)
  const ever = was && contractOf(was)
  for (const place of placesOf(is)) {
    for (const at of instantsIn([is, ever])) {
      if (!isInForce(moment, is, place, at)) continue
      const wasInForce = ever !== undefined && isInForce(moment, ever, place, at)
      if (!wasInForce) expect(at >= act.at && ADDING.has(deed.sent.act), deed.sent.act).toBe(true)
    }
  }
})

export const pausedAtOnce: Holds = onContracts((moment) => {
  const { life, events } = moment
  let suspenders: string[] = []
  const stops: { readonly by: string; readonly isWhole: boolean; isOver: boolean }[] = []
  for (const { event, act } of events) {
    const stop = event.type === 'stop-lifted' ? stops[event.stop] : undefined
    if (event.type === 'contract-suspended') suspenders.push(act.by)
    if (event.type === 'contract-stopped') {
      stops.push({ by: act.by, isWhole: event.scope === 'contract', isOver: false })
    }
    if (event.type === 'contract-reinstated') {
      expect(suspenders).not.toContain(act.by)
      suspenders = []
    }
    if (stop) {
      expect(stop.by).not.toBe(act.by)
      stop.isOver = true
    }
  }
  const isStopped = stops.some(({ isWhole, isOver }) => isWhole && !isOver)
  if (suspenders.length > 0 || isStopped) expectNothing(moment, moment.life.actedAt, Infinity)
  expect(life.actedAt).toBeGreaterThanOrEqual(moment.act.at)
})

/** Nothing of a contract is in force from an instant until another one; of some tailorings, when they are named. */
function expectNothing(
  moment: ContractMoment,
  from: Instant,
  until: Instant,
  tailorings?: readonly string[],
): void {
  const document = contractOf(moment.life)
  const during = [from, ...instantsIn(document)].filter((at) => at >= from && at < until)
  const places = placesOf(document).filter(
    ({ tailoring }) => tailorings?.includes(tailoring) ?? true,
  )
  for (const place of places) {
    for (const at of during) expect(isInForce(moment, document, place, at)).toBe(false)
  }
}

export const dutyPauses: Holds = onContracts((moment) => {
  const { life, events } = moment
  for (const { id, due: all, grace, guards } of life.terms.duties) {
    for (const due of all) {
      const didWhat = (type: string): Act | undefined =>
        events.find(({ event }) => isDeepStrictEqual(partOf(event), { type, duty: id, due }))?.act
      const [met, back] = [didWhat('duty-met'), didWhat('duty-reinstated')]
      if (back) expect(met && met.at > due + grace && met.by !== back.by).toBe(true)
      if (met && met.at <= due + grace) continue
      expectNothing(moment, due + grace, back?.at ?? Infinity, guards)
    }
  }
})

function partOf(event: object): Fields {
  const { type, duty, due } = event as Fields
  return { type, duty, due }
}

export const onlyNarrower: Holds = onContracts(({ life, was, provider, deed }) => {
  if (!was?.ends || isDeepStrictEqual(was.terms, life.terms)) return
  expect(deed.sent.act).toBe('contract.amend')
  expect(beyond(provider, life.terms, was.terms)).toEqual([])
  expect(life.terms.mission).toBe(was.terms.mission)
  expect(life.draftedFrom).toEqual(was.draftedFrom)
})
