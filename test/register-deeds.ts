import { canonicalJson } from '../src/canonical-json.ts'
import { type Digest, digestOf } from '../src/digest.ts'
import { printVerifier } from '../src/log/key.ts'
import { type Signer, signerOf } from '../src/log/signer.ts'
import type { Role } from '../src/people.ts'
import { determinationDigest } from '../src/review/determination.ts'
import { ON_A_DOCUMENT, PEOPLE, PROVIDER } from '../src/server/register-streams.ts'
import type { Subject } from '../src/store/change.ts'
import { DAY_MS, type Instant, printInstantShort } from '../src/time.ts'
import { sha256 } from './bundle-of.ts'
import { CUSTOMER, OPENED } from './case-world.ts'
import { EXAMPLE, EXAMPLE_TEXTS } from './example-world.ts'
import type { MemoryRegister, Sent } from './memory-register.ts'

// Who there is in a random register, and what they sign.

/** Everybody, with the roles that they have at first. */
export const CAST = {
  operator: ['operator'],
  operator2: ['operator'],
  author: ['policy-author'],
  rep: ['customer-representative'],
  clerk: ['customer-representative'],
  /** At times a representative, at times one of the provider's. */
  turncoat: ['customer-representative'],
  stranger: ['customer-representative'],
  assessor: ['assessor'],
  assessor2: ['assessor'],
  policy: ['approver.policy', 'policy-author'],
  policy2: ['approver.policy'],
  legal: ['approver.legal', 'assessor'],
  legal2: ['approver.legal'],
  safeguards: ['approver.safeguards', 'safeguards-officer'],
  safeguards2: ['approver.safeguards'],
  signer: ['signatory', 'safeguards-officer'],
  deputy: ['signatory', 'assessor'],
  officer: ['safeguards-officer'],
  watch: ['safeguards-officer'],
} as const satisfies Readonly<Record<string, readonly Role[]>>

export type CastName = keyof typeof CAST

/** Whom somebody represents. */
export const REPRESENTED: Partial<Record<CastName, string>> = {
  rep: CUSTOMER,
  clerk: CUSTOMER,
  turncoat: CUSTOMER,
  stranger: 'office-of-sanctions-analysis',
}

/** Something that somebody tries. */
export interface Deed {
  readonly by: CastName
  readonly role: Role
  readonly subject: Subject
  readonly sent: Sent
  readonly at: Instant
  /** What of the signature is not what it has to be. */
  readonly spoilt?: 'round' | 'digest' | 'nonce' | 'key'
}

/** What a deed is signed as, and by whose key. */
export interface SignedDeed {
  readonly round: number
  readonly digest: Digest
  readonly signer: Signer
}

const signers = new Map<string, Signer>()

/** The key of somebody, by their name and how many they had before. */
export function signerOfCast(name: string, earlier: number): Signer {
  const label = earlier === 0 ? name : `${name}.${earlier}`
  const signer = signers.get(label) ?? signerOf(label, Buffer.from(sha256(label), 'hex'))
  signers.set(label, signer)
  return signer
}

export function keyOfCast(name: string, earlier = 0): string {
  return printVerifier(signerOfCast(name, earlier).verifier)
}

export function signedDeed(register: MemoryRegister, deed: Deed): SignedDeed {
  const { by, spoilt } = deed
  const waits = waiting(register, deed)
  const keys = register.people.persons[by]?.keys.length ?? 1
  return {
    round: spoilt === 'round' ? Math.max(0, waits.round - 1) : waits.round,
    digest: spoilt === 'digest' ? digestOf('9'.repeat(64)) : waits.digest,
    signer: spoilt === 'key' ? signerOfCast('thief', 0) : signerOfCast(by, keys - 1),
  }
}

/** What is seen by who signs: the document that waits, or the thing. */
function waiting(
  register: MemoryRegister,
  { subject, sent }: Deed,
): { readonly round: number; readonly digest: Digest } {
  const { version } = register.thing(subject)
  const own = { round: version, digest: digestOf(sha256(canonicalJson(sent))) }
  if (!ON_A_DOCUMENT.has(sent.act)) return own
  if (subject.stream === 'contract') return register.contract(subject.id) ?? own
  if (subject.stream === 'provider') return register.provider.proposal ?? own
  const state = register.case(subject.id)
  return state ? { round: state.round, digest: determinationDigest(state, sha256) } : own
}

/** When the register of all random ones is begun. */
const FOUNDED = OPENED - DAY_MS

/** How a register comes to have its people and the example provider's documents. */
export function foundingDeeds(): readonly Deed[] {
  const deeds: Deed[] = []
  const at = FOUNDED
  const begin = { act: 'people.begin', person: 'operator', key: keyOfCast('operator') }
  const operate = (sent: Sent): number =>
    deeds.push({ by: 'operator', role: 'operator', subject: PEOPLE, sent, at })
  operate(begin)
  for (const [person, roles] of Object.entries(CAST)) {
    if (person === 'operator') continue
    const customer = REPRESENTED[person as CastName]
    const of = customer === undefined ? {} : { customer }
    operate({ act: 'people.register', person, key: keyOfCast(person), ...of })
    for (const role of roles) operate({ act: 'people.grant', person, role })
  }
  const publish = (by: CastName, role: Role, sent: Sent): number =>
    deeds.push({ by, role, subject: PROVIDER, sent, at })
  for (const { id: model, aliases, levels } of EXAMPLE.models.models) {
    publish('officer', 'safeguards-officer', { act: 'models.add', model, aliases })
    for (const level of levels) {
      const assertion = { ...level, from: printInstantShort(Math.max(level.from, at)) }
      publish('officer', 'safeguards-officer', { act: 'models.assert', model, assertion })
    }
  }
  publish('author', 'policy-author', { act: 'provider.propose', ...EXAMPLE_TEXTS })
  publish('policy', 'approver.policy', { act: 'provider.approve' })
  publish('legal', 'approver.legal', { act: 'provider.approve' })
  publish('safeguards', 'approver.safeguards', { act: 'provider.approve' })
  return deeds
}
