// biome-ignore-all lint/performance/noBarrelFile: one entry is what a package exports; nothing here imports it.

// What `proviso/verify` is: the check of a receipt for whoever trusts none of our servers. It loads no package and
// no module of the platform, so it runs in Node and in browsers.

export type { Outcome } from '../decision/decision.ts'
export type { Digest } from '../digest.ts'
export type { Result } from '../result.ts'
export type { Instant } from '../time.ts'
export { type KeyError, parseVerifier, type Verifier } from './key.ts'
export { type Opening, parseOpening, type ReceiptError } from './receipt.ts'
export { parseTrust, type Trust, type TrustError } from './trust.ts'
export type { Cosigned, Facts, Step, StepCode, Verification } from './verification.ts'
export { type VerifyOptions, verifyReceipt } from './verify-receipt.ts'
