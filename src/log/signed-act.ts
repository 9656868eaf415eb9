import type { Act } from '../act.ts'
import { type Bytes, base64Of, bytesOf, bytesOfBase64 } from '../bytes.ts'
import { canonicalJson } from '../canonical-json.ts'
import { type Envelope, preAuthenticationOf } from './dsse.ts'
import { parseVerifier, printVerifier } from './key.ts'
import { type Signer, signBytes } from './signer.ts'
import { isEd25519Signature } from './web-crypto.ts'

// What a person signs to act in the register, and its check (semantics §12.4, docs/evidence.md).

const PAYLOAD_TYPE = 'application/vnd.proviso.act+json;v=1'

/** What a person signs: which act, in which role, on what, of which round and digest, once. */
export interface ActSigned extends Pick<Act, 'by' | 'role' | 'round' | 'digest' | 'nonce'> {
  /** Such as `case.approve`. */
  readonly act: string
  /** What is acted on, such as `case/case-17`. */
  readonly subject: string
}

/** The statement itself: canonical JSON of exactly these members. */
function statementOf(signed: ActSigned): Omit<Envelope, 'signatures'> {
  const { act, by, digest, nonce, role, round, subject } = signed
  const payload = bytesOf(canonicalJson({ act, by, digest, nonce, role, round, subject }))
  return { payloadType: PAYLOAD_TYPE, payload }
}

export function signAct(signed: ActSigned, signer: Signer): Act['proof'] {
  const signature = base64Of(signBytes(signer, preAuthenticationOf(statementOf(signed))))
  return { kind: 'ed25519', key: printVerifier(signer.verifier), signature }
}

/** Whether the key of a proof has signed just this. */
export async function isActSigned(
  signed: ActSigned,
  { key, signature }: Act['proof'],
): Promise<boolean> {
  const verifier = await parseVerifier(key)
  const bytes: Bytes | undefined = bytesOfBase64(signature)
  if (!verifier.ok || verifier.value.kind !== 'signature' || bytes === undefined) return false
  const message = preAuthenticationOf(statementOf(signed))
  return isEd25519Signature(verifier.value.publicKey, message, bytes)
}
