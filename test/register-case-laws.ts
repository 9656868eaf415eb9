import { expect } from 'vitest'
import { excludeEachOther, type Role } from '../src/people.ts'
import { determinationDigest, determinationText } from '../src/review/determination.ts'
import { KINDS } from '../src/server/register-kinds.ts'
import { DAY_MS } from '../src/time.ts'
import { sha256 } from './bundle-of.ts'
import { nameOf } from './memory-register.ts'
import { REPRESENTED } from './register-deeds.ts'
import {
  beyond,
  doersOf,
  type Fields,
  type Holds,
  onCases,
  standingApprovals,
  statesAt,
  tableOf,
} from './register-moment.ts'

// Laws of acts, people and cases; test/register-laws.test.ts says what each is called.

const TABLES = { case: tableOf('case'), contract: tableOf('contract') }

export const statesByTable: Holds = ({ done, deed, act, after, before, fresh }) => {
  if (!done.ok) return
  const was = statesAt(before, act.at)
  for (const [name, state] of statesAt(after, act.at)) {
    const kind = name.startsWith('case/') ? 'case' : 'contract'
    if (fresh.some(({ subject }) => nameOf(subject) === name)) {
      const did =
        kind === 'case' && deed.sent.act === 'contract.sign' ? 'case.conclude' : deed.sent.act
      expect(
        TABLES[kind].acts.get(`${was.get(name) ?? ''} ${did}`) ?? [],
        `${name}: ${did}`,
      ).toContain(state)
    } else {
      expect(state, name).toBe(was.get(name))
    }
  }
}

export const clockByTable: Holds = ({ after, act }) => {
  for (const days of [1, 20, 61, 91, 400]) {
    const [now, later] = [statesAt(after, act.at), statesAt(after, act.at + days * DAY_MS)]
    for (const [name, state] of later) {
      const { clock } = TABLES[name.startsWith('case/') ? 'case' : 'contract']
      const reached = [now.get(name) ?? '']
      for (const one of reached) reached.push(...(clock.get(one) ?? []))
      expect(reached, name).toContain(state)
    }
  }
}

const FINAL = new Set(['concluded', 'declined', 'withdrawn', 'lapsed', 'expired', 'terminated'])
const AFTER_THE_END = new Set(['duty-met', 'incident-reported'])

export const endedIsFinal: Holds = ({ before, act, fresh }) => {
  const was = statesAt(before, act.at)
  for (const { subject, event } of fresh) {
    const state = was.get(nameOf(subject)) ?? ''
    if (!FINAL.has(state)) continue
    expect(['expired', 'terminated']).toContain(state)
    expect(AFTER_THE_END).toContain(event.type)
  }
}

export const refusedChangesNothing: Holds = ({ done, before, after, fresh }) => {
  if (done.ok) return expect(fresh.length).toBeGreaterThan(0)
  expect(fresh).toEqual([])
  for (const [name, thing] of after.things) expect(before.things.get(name)).toBe(thing)
}

export const doerHasRole: Holds = ({ done, act, before }) => {
  if (!done.ok || before.events.length === 0) return
  const roles = new Set<Role>()
  const keys: string[] = []
  for (const { event } of before.events) {
    const { type, person, role, key } = event as unknown as Fields
    if (person !== act.by) continue
    if (type === 'role-granted') roles.add(role as Role)
    if (type === 'role-revoked') roles.delete(role as Role)
    if (type === 'person-left') roles.clear()
    if (typeof key === 'string') keys.push(key)
  }
  expect([...roles]).toContain(act.role)
  expect(act.proof.key).toBe(keys.at(-1))
  expect([...roles].filter((held) => excludeEachOther(held, act.role))).toEqual([])
}

export const nonceServesOnce: Holds = ({ done, act, before }) => {
  if (done.ok) expect(before.events.map((told) => told.act.nonce)).not.toContain(act.nonce)
}

export const ownBodyAlone: Holds = ({ done, act, after, deed }) => {
  if (!done.ok || act.role !== 'customer-representative') return
  const { id } = deed.subject
  const customer = after.contract(id)?.customer ?? after.case(id)?.application.customer
  expect(REPRESENTED[deed.by]).toBe(customer)
}

export const rolesApart: Holds = ({ fresh, after, act }) => {
  for (const { subject } of fresh) {
    if (subject.stream !== 'case' && subject.stream !== 'contract') continue
    const own = after.events.filter((told) => nameOf(told.subject) === nameOf(subject))
    const roles = own.filter((told) => told.act.by === act.by).map((told) => told.act.role)
    // Whoever has a conflict of interest says so, whatever they have done.
    const isDeclared = fresh.some(({ event }) => event.type === 'conflict-declared')
    if (!isDeclared) expect(roles.filter((one) => excludeEachOther(one, act.role))).toEqual([])
  }
}

const ASSESSING = [
  'customer-screened',
  'question-found',
  'harms-tabled',
  'benefit-weighed',
  'determination-drafted',
] as const

export const requesterJudgesNothing: Holds = onCases(({ events }) => {
  const requesters = doersOf(events, 'case-opened', 'application-revised', 'application-submitted')
  const judges = doersOf(events, ...ASSESSING, 'determination-approved')
  expect(judges.filter((by) => requesters.includes(by))).toEqual([])
})

export const determinedByQuorum: Holds = onCases(({ news, events, before, act, state }) => {
  if (!news.some(({ event }) => event.type === 'case-determined')) return
  const acts = standingApprovals(events)
  const quorum = before.documentsAt(act.at).provider?.exceptions.quorum ?? {}
  const needed = Object.entries(quorum).flatMap(([name, n]) => Array(n).fill(`approver.${name}`))
  expect(needed.length).toBeGreaterThan(0)
  expect(acts.map(({ role }) => role).sort()).toEqual(needed.sort())
  const people = acts.map(({ by }) => by)
  expect(new Set(people).size).toBe(people.length)
  const assessors = doersOf(events, ...ASSESSING)
  expect(people.filter((by) => !assessors.includes(by))).not.toEqual([])
  expect(state.determined?.decided).toBe(act.at)
})

export const approvedIsShown: Holds = onCases(({ state, events }) => {
  const digest = determinationDigest(state, sha256)
  const acts = standingApprovals(events)
  expect(state.approvals.map(({ by }) => by)).toEqual(acts.map(({ by }) => by))
  for (const act of acts) expect(act).toMatchObject({ round: state.round, digest })
  const given = events.filter(({ event }) => event.type === 'determination-approved')
  expect(state.approvals.length + state.voided.length).toBe(given.length)
  if (state.determined !== null) expect(state.determined.digest).toBe(digest)
})

export const editIsRound: Holds = onCases(({ state, was }) => {
  if (!was) return
  if (state.round === was.round) expect(determinationText(state)).toBe(determinationText(was))
  else expect(state.round).toBeGreaterThan(was.round)
})

/** Semantics §12.2, with safeguards asked twice. */
const QUESTIONS = [
  'model-suitability',
  'legal-authorities',
  'dialogue',
  'safeguards-misuse',
  'safeguards-mistakes',
  'oversight',
]

export const approvedOnFindings: Holds = onCases(({ news, state, was, act, before }) => {
  if (!was || !news.some(({ event }) => event.type === 'determination-approved')) return
  const { provider } = before.documentsAt(act.at)
  for (const question of QUESTIONS) {
    expect(was.findings.map((one) => one.question)).toContain(question)
  }
  for (const finding of [...was.findings, was.benefit]) {
    expect(finding?.finding).toMatch(/^adequate/)
    expect(finding?.['valid-until']).toBeGreaterThan(act.at)
    expect(finding?.evidence).not.toEqual([])
  }
  const lifted = state.drafted?.determination.tailorings.flatMap(({ lifts }) => lifts) ?? []
  for (const restriction of lifted) {
    for (const harm of provider?.restrictions.get(restriction)?.harms ?? []) {
      const row = was.harms?.rows.find(
        (one) => one.restriction === restriction && one.harm === harm,
      )
      expect(row?.['mitigated-by'].length).toBeGreaterThan(0)
      expect(row?.residual).toMatch(/\S/)
    }
  }
  expect(was.screening).not.toBeNull()
})

export const conflictVoids: Holds = onCases(({ state }) => {
  const people = state.conflicts.map(({ person }) => person)
  const { screening, findings, harms, benefit, drafted, approvals } = state
  for (const work of [screening, ...findings, harms, benefit, drafted, ...approvals]) {
    if (work) expect(people).not.toContain(work.by)
  }
})

export const notWiderThanApplied: Holds = onCases(({ state, before, act }) => {
  const { provider } = before.documentsAt(act.at)
  if (!state.determined || !state.drafted || !provider) return
  expect(beyond(provider, state.drafted.determination, state.application)).toEqual([])
})

export const versionByQuorum: Holds = ({ fresh, after }) => {
  if (!fresh.some(({ event }) => event.type === 'version-published')) return
  const own = after.events.filter(({ subject }) => subject.stream === 'provider')
  const proposed = own.findLastIndex(({ event }) => event.type === 'version-proposed')
  const approvals = own.slice(proposed).filter(({ event }) => event.type === 'version-approved')
  const people = approvals.map(({ act }) => act.by)
  expect(approvals.map(({ act }) => act.role).sort()).toEqual(
    ['legal', 'policy', 'safeguards'].map((one) => `approver.${one}`),
  )
  expect(new Set([...people, own[proposed]?.act.by]).size).toBe(4)
}

export const statesFromEvents: Holds = ({ after, fresh }) => {
  for (const { subject } of fresh.slice(-1)) {
    const own = after.events.filter((told) => nameOf(told.subject) === nameOf(subject))
    const told = JSON.parse(JSON.stringify(own)) as typeof own
    const fold = KINDS[subject.stream]?.fold as (state: unknown, recorded: unknown) => unknown
    expect(told.reduce<unknown>(fold, undefined)).toEqual(after.thing(subject).state)
    expect(told.map(({ version }) => version)).toEqual(told.map((_, i) => i + 1))
  }
}
