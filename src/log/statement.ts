import type { Bytes } from '../bytes.ts'
import { type Envelope, preAuthenticationOf, printEnvelope } from './dsse.ts'
import { type Signer, signBytes } from './signer.ts'

/** A statement in an envelope that signers have signed: an entry of the governance log. */
export function signStatement(
  statement: Omit<Envelope, 'signatures'>,
  signers: readonly Signer[],
): Bytes {
  const message = preAuthenticationOf(statement)
  const signatures = signers.map((signer) => {
    const { name, keyId } = signer.verifier
    return { keyid: `${name}+${keyId}`, sig: signBytes(signer, message) }
  })
  return printEnvelope({ ...statement, signatures })
}
