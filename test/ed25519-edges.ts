import { bytesOfHex } from '../src/bytes.ts'
import { keyIdOf, type Verifier } from '../src/log/key.ts'
import { printNote } from '../src/log/note.ts'

// Signatures on which implementations of Ed25519 differ (RFC 8032 §5.1.7), made for this by the curve's arithmetic.
// L is the order of the base point, T a point of order 8, p = 2^255 - 19. All are over the text below.

const TEXT = 'edge\n'

const KEY = 'f27cb81402e6860c926ff81f393d14340e41a70bc0b0195cf64a90b348cb2fc4'
const KEY_AND_T = 'e7b40e257c2b24e81e37cf46babdfcfc3586bda26789d4d9354484225c601031'
const R = 'f87a22889707d326b221b2dba4102625f99227c2febe06664c8d9409eb213e21'

/** What it is, the public key, R and S. */
const EDGES = [
  ['as it is made', KEY, R, '4ce0959b6fc74db6cbcdab4806fdf9fd61db6020fe207ba92fa2224254690704'],
  ['with L added to S', KEY, R, '39b48bf8892a600ea26aa3ebe4f6d81262db6020fe207ba92fa2224254690714'],
  [
    'with T added to R, which holds when all is multiplied by 8',
    KEY,
    '2561dfa96ca90f2865187cd777a131ec4540a8137887f87b6b4dbbed1fbe011e',
    '57d35d9802d1ae6355639bd5d02098320ca4c307a06d9053cf12f085c9d5ce0e',
  ],
  [
    'with T added to the key, which holds when all is multiplied by 8',
    KEY_AND_T,
    R,
    '93869cfdd666f7e24876897f0b9ee0edce52a3a23fe1df5a162197454a1bfd09',
  ],
  [
    'with R the neutral element, written as p + 1',
    KEY,
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'c05e48b7570168f0a5449c0db075f8d35f90f2b51010a54d8b9f97b7585fcf08',
  ],
] as const

export interface Edge {
  readonly name: string
  readonly key: Verifier
  /** The text, signed. */
  readonly note: string
}

/** The first is as it should be; whoever takes another does not follow RFC 8032 to the letter. */
export const ED25519_EDGES: readonly Edge[] = await Promise.all(
  EDGES.map(async ([what, publicKey, r, s]) => {
    const key = await keyOf(publicKey)
    const signature = { name: key.name, keyId: key.keyId, bytes: bytesFrom(r + s) }
    return { name: what, key, note: printNote({ text: TEXT, signatures: [signature] }) }
  }),
)

/** A key of any 32 bytes in hexadecimal, its key id right. */
export async function keyOf(hex: string): Promise<Verifier> {
  const publicKey = bytesFrom(hex)
  const keyId = await keyIdOf('edge.example', 'signature', publicKey)
  return { name: 'edge.example', kind: 'signature', keyId, publicKey }
}

function bytesFrom(hex: string): Uint8Array<ArrayBuffer> {
  return bytesOfHex(hex) ?? new Uint8Array()
}
