import { fail, ok } from '../result.ts'
import { quote } from '../suggest.ts'
import type { ContractAsking, ContractDecided, OnContract } from './contract-asking.ts'
import type { Signature } from './contract-events.ts'
import { type ContractRefused, refused } from './contract-refusals.ts'
import { againstDrafting } from './drafting.ts'

/** Takes a signature; with that of the other side the contract is approved, and begins by the clock. */
export function sign(asking: ContractAsking<'contract.sign'>): ContractDecided {
  const { state, command, act } = asking
  const against =
    againstSide(asking) ??
    againstSigner(asking) ??
    againstEdited(asking) ??
    againstDrafting(asking, state.terms)
  if (against) return fail(against)
  const { by, at, round, digest, nonce } = act
  const signature: Signature = { side: command.side, by, at, round, digest, nonce }
  const signed = { type: 'contract-signed', signature } as const
  return state.signatures.length === 0 ? ok([signed]) : ok([signed, { type: 'contract-approved' }])
}

const SIGNS_FOR = { provider: 'signatory', customer: 'customer-representative' } as const

function againstSide({
  command,
  act,
}: ContractAsking<'contract.sign'>): ContractRefused | undefined {
  const role = SIGNS_FOR[command.side]
  if (act.role === role) return undefined
  return refused('wrong-side', `for the ${command.side} a ${role} signs, not a ${act.role}`)
}

/** Two different people, and neither has approved what the contract says (semantics §12.3). */
function againstSigner(asking: ContractAsking<'contract.sign'>): ContractRefused | undefined {
  const { state, command, act, context } = asking
  const { by, nonce } = act
  const { signatures, voided } = state
  if (context.determined?.approvedBy.includes(by)) {
    const message = `${quote(by)} approved the determination; somebody else signs`
    return refused('approver-cannot-sign', message)
  }
  const other = signatures.find(({ by: earlier, side }) => earlier === by || side === command.side)
  if (other) {
    const message = `${quote(other.by)} has signed for the ${other.side}; another person signs for the other side`
    return refused('signed-already', message)
  }
  if (![...signatures, ...voided].some((signature) => signature.nonce === nonce)) return undefined
  return refused('nonce-used', 'this nonce has served a signature; sign with a new one')
}

function againstEdited({ state, act }: OnContract): ContractRefused | undefined {
  if (act.round === state.round && act.digest === state.digest) return undefined
  const message = `this is round ${state.round} now, and other terms; read them and sign those`
  return refused('edited-since', message)
}
