import type { Bundle } from '../src/decision/bundle.ts'
import type { DecisionPoint } from '../src/server/authzen.ts'
import { Metrics } from '../src/server/metrics.ts'
import type { Served } from '../src/server/served.ts'

function ignore(): void {
  // A test that looks at the log brings its own.
}

export const NO_LOG = { info: ignore, warn: ignore, error: ignore }

/** What a question is judged by, of every customer. */
export function pointAt(bundle: Bundle, at: number): DecisionPoint {
  return { bundle, at, customers: 'all', metrics: { decided: ignore } }
}

/** A server's view of a bundle that does not change, without keys and log. */
export function servedFrom(
  bundle: Bundle,
  clock: () => number,
  more: Partial<Omit<Served, 'metrics'>> = {},
): Served {
  const status: Served['status'] = () => {
    return { bundle, loadedAt: 0, reloadsRefused: 0, isCurrent: true }
  }
  const metrics = new Metrics(more.status ?? status, clock)
  return { status, clock, keyring: () => null, publicUrl: null, metrics, log: NO_LOG, ...more }
}
