import type { Bundle } from '../src/decision/bundle.ts'
import type { DecisionPoint } from '../src/server/authzen.ts'
import { Metrics } from '../src/server/metrics.ts'
import type { Recorder } from '../src/server/recorder.ts'
import type { Served } from '../src/server/served.ts'

function ignore(): void {
  // A test that looks at the log brings its own.
}

export const NO_LOG = { info: ignore, warn: ignore, error: ignore }

/** What every record is called that `keepingNothing` says to have made. */
export const RECORD = 'test-1/0'

/** A recorder that says yes and keeps nothing, for tests that are not about records. */
export const keepingNothing: Recorder = {
  unavailable: null,
  hasRoom: true,
  isLow: false,
  record: (all) => all.map(() => RECORD),
  count: ignore,
}

/** What a question is judged by, of every customer. */
export function pointAt(bundle: Bundle, at: number): DecisionPoint {
  const recorder = keepingNothing
  const mayRecord = (): boolean => true
  const metrics = { decided: ignore }
  return { bundle, at, customers: 'all', metrics, recorder, shadow: null, mayRecord }
}

/** A server's view of a bundle that does not change, without keys and log. */
export function servedFrom(
  bundle: Bundle,
  clock: () => number,
  more: Partial<Served> = {},
): Served {
  const status: Served['status'] = () => {
    return { bundle, loadedAt: 0, reloadsRefused: 0, isCurrent: true }
  }
  const metrics = new Metrics(more.status ?? status, clock)
  const recorder = keepingNothing
  const none = {
    publicUrl: null,
    logs: null,
    register: null,
    lacks: null,
    shadow: null,
    log: NO_LOG,
  }
  const fixed = { status, clock, metrics, recorder, ...none }
  return { ...fixed, keyring: () => null, ...more }
}
