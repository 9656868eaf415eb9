// biome-ignore-all lint/performance/noBarrelFile: one entry is what a package exports; nothing here imports it.

// What `proviso/decision` is: the engine for whoever decides in process. It loads no package and no module
// of the platform, so it runs in Node and in browsers.

export type { Digest, Sha256 } from '../digest.ts'
export { type JsonError, parseJson } from '../json.ts'
export type { Result } from '../result.ts'
export type { Instant } from '../time.ts'
export type { Bundle } from './bundle.ts'
export { type BundleError, readBundle } from './bundle-file.ts'
export { decide } from './decide.ts'
export {
  allows,
  type Decision,
  type NearMiss,
  type Outcome,
  printableOf,
  type Reason,
} from './decision.ts'
export { type Explanation, explain } from './explain.ts'
export { printExplanation } from './explain-text.ts'
export { decideWithNearest } from './nearest.ts'
export { openBundle } from './open-bundle.ts'
export { parseRequest, type Request, type RequestError, type Signal } from './request.ts'
