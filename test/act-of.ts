import type { Act } from '../src/act.ts'
import { digestOf } from '../src/digest.ts'
import type { Role } from '../src/people.ts'

/** An act of somebody, whose key is called after them; nothing is signed. */
export function actOf(by: string, role: Role, more: Partial<Act> = {}): Act {
  return {
    by,
    role,
    at: Date.UTC(2026, 2, 1),
    round: 0,
    digest: digestOf('0'.repeat(64)),
    nonce: 'nonce',
    proof: { kind: 'ed25519', key: `key-of-${by}`, signature: '' },
    ...more,
  }
}
