import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import type { ContractCommand } from '../src/contract/contract-commands.ts'
import { contractCommand } from '../src/contract/contract-commands.ts'
import { type CaseCommand, caseCommand } from '../src/review/case-commands.ts'
import { DAY_MS, type Instant } from '../src/time.ts'
import {
  drafting,
  EVIDENCE,
  instantOf,
  OPENED,
  renewingApplication,
  soundCommand,
} from './case-world.ts'
import { OSINT } from './contract-story.ts'
import { testServer } from './postgres.ts'
import { ANALYSIS, APPROVERS, assessed, contracted, DRAFT, TERMS, who } from './register-story.ts'
import { type Answered, RunningRegister } from './running-register.ts'

// A contract is renewed in its window and on fresh findings, over HTTP, and the new one goes on where it ends.

const postgres = testServer()
let register: RunningRegister
beforeAll(async () => {
  register = await RunningRegister.start({ url: await postgres.emptyDatabase() }, OPENED - DAY_MS)
  await contracted(register)
})
afterAll(() => register.close())

const CASE = 'case-18'
const NEXT = 'osint-2026-second'
const ENDS = OSINT.terms.term.until as Instant
const RENEWING = renewingApplication()
const RENEWED_TERMS = { ...TERMS, term: RENEWING.term, duties: RENEWING.duties }

/** What an act comes to: `done`, or the code of its refusal. */
async function coded(answer: Promise<Answered>): Promise<string> {
  const { status, body } = await answer
  return status === 200 ? 'done' : body.code
}

function onCase(name: string, command: CaseCommand): Promise<string> {
  const sent = z.encode(caseCommand, command) as { act: string }
  return coded(register.ask(who(name), `cases/${CASE}`, sent))
}

function onContract(name: string, id: string, command: ContractCommand): Promise<string> {
  const sent = z.encode(contractCommand, command) as { act: string }
  return coded(register.ask(who(name), `contracts/${id}`, sent))
}

type Find = Extract<CaseCommand, { act: 'case.find' }>

function finding(changes: Partial<Find> = {}): Find {
  return { ...(soundCommand('case.find', register.at) as Find), ...changes }
}

function approving(name: string): Promise<string> {
  return onCase(name, soundCommand('case.approve', register.at))
}

test('a renewal has findings of its own', async () => {
  const { body } = await register.get('/api/v1/cases/case-17')
  const { rationale } = body.state.findings.find(
    ({ question }: { question: string }) => question === 'dialogue',
  )
  register.at = instantOf('2026-06-20T00:00:00Z')
  await assessed(register, { id: CASE, application: RENEWING, without: 'dialogue' })
  expect(await onCase('assessor', finding({ rationale }))).toBe('finding-copied')
  const soon = instantOf('2026-07-05T00:00:00Z')
  expect(await onCase('assessor', finding({ 'valid-until': soon }))).toBe('done')
  expect(await onCase('assessor', drafting({}, RENEWING))).toBe('done')
})

test('it is decided in the window, on findings that are current then', async () => {
  const opens = ENDS - 30 * DAY_MS
  register.at = opens - 1
  expect(await approving('policy')).toBe('outside-renewal-window')
  register.at = opens
  expect(await approving('policy')).toBe('done')
  register.at = instantOf('2026-07-05T00:00:00Z')
  expect(await approving('legal')).toBe('finding-stale')
  expect(await onCase('assessor', finding())).toBe('done')
  for (const name of Object.keys(APPROVERS)) expect(await approving(name)).toBe('done')
  const { body } = await register.get(`/api/v1/cases/${CASE}`)
  expect(body.state).toMatchObject({
    state: 'determined',
    // What of it is another than was signed before is computed, and approved with it.
    drafted: { changes: expect.arrayContaining([{ field: 'terms.term', effect: 'both' }]) },
  })
})

test('its contract names what is renewed, and begins when that ends', async () => {
  const draft = { ...DRAFT, contract: NEXT, case: CASE, terms: RENEWED_TERMS } as ContractCommand
  const on = (name: string, command: ContractCommand): Promise<string> =>
    onContract(name, NEXT, command)
  expect(await on('signer', draft)).toBe('renewal-other')
  expect(await on('signer', { ...draft, renews: OSINT.id } as ContractCommand)).toBe('done')
  expect(await on('signer', { act: 'contract.propose' })).toBe('done')
  expect(await on('rep', { act: 'contract.sign', side: 'customer' })).toBe('done')
  expect(await on('signer', { act: 'contract.sign', side: 'provider' })).toBe('done')
  const { body } = await register.get(`/api/v1/contracts/${NEXT}`)
  expect(body.state).toMatchObject({
    renews: OSINT.id,
    states: expect.arrayContaining([{ state: 'in_force', from: new Date(ENDS).toISOString() }]),
  })
  const acknowledges = body.state.digest
  const enrol = { act: 'contract.enrol', deployment: 'desk-1', from: ENDS, acknowledges } as const
  expect(await on('rep', enrol)).toBe('done')
})

/** All that is recorded of a contract so that it is in force now. */
async function keptUp(id: string): Promise<void> {
  const from = register.at
  const attest = { act: 'contract.attest', safeguard: 'analyst-review', from } as const
  expect(await onContract('rep', id, { ...attest, until: from + 10 * DAY_MS })).toBe('done')
  const authority = { act: 'contract.record-authority', authority: 'assessment-act', from } as const
  const status = { status: 'in-force', 'review-by': from + 90 * DAY_MS, source: 'Gazette' } as const
  expect(await onContract('officer', id, { ...authority, ...status })).toBe('done')
}

async function usedContract(): Promise<string | null> {
  const { body } = await register.decide(ANALYSIS)
  return body.decision ? body.context.contract : null
}

test('an exception goes on under the renewal from the instant at which the renewed one ends', async () => {
  const [{ digest: evidence } = { digest: '' }] = EVIDENCE
  for (const { id: duty, due: dues } of OSINT.terms.duties) {
    for (const due of dues) {
      await onContract('rep', OSINT.id, {
        act: 'contract.meet-duty',
        duty,
        due,
        evidence,
      })
      await onContract('officer', OSINT.id, { act: 'contract.reinstate-duty', duty, due })
    }
  }
  register.at = ENDS - 30_000
  await keptUp(NEXT)
  await keptUp(OSINT.id)
  expect(await usedContract()).toBe(OSINT.id)
  register.at = ENDS
  expect(await usedContract()).toBe(NEXT)
  const { items } = (await register.get('/api/v1/contracts')).body
  expect(items).toMatchObject([
    { id: OSINT.id, state: 'expired' },
    { id: NEXT, state: 'in_force' },
  ])
})
