import type { Random } from '../bench/example.ts'
import { below, isLucky, oneOf } from './chance.ts'
import type { Plan } from './log-history.ts'
import type { Call, Fault } from './simulated-files.ts'

// What goes wrong with a process or its disk, drawn at random.

/** The last call of all that a fault is planned for: a life has about as many. */
const CALL_MAX = 80

/** The last call of those that a fault is aimed at. */
const AIMED_CALL_MAX = 6

/** How many calls after one another fail at most. */
const FAILING_MAX = 12

const CODES = ['ENOSPC', 'EIO', 'EACCES', 'EROFS'] as const

function anyFault(random: Random): Fault {
  if (isLucky(random, 0.5)) {
    return { kind: 'off', when: oneOf(random, ['before', 'middle', 'after']) }
  }
  if (isLucky(random, 0.2)) return { kind: 'short', bytes: 1 + below(random, 600) }
  return { kind: 'error', code: oneOf(random, CODES), when: oneOf(random, ['before', 'after']) }
}

/** Calls that a fault is aimed at: they are few among all, and what they do matters most. */
const AIMS: readonly ((call: Call) => boolean)[] = [
  ({ kind }): boolean => kind === 'sync',
  ({ kind }): boolean => kind === 'syncDirectory',
  ({ kind }): boolean => kind === 'rename',
  ({ kind }): boolean => kind === 'open',
  ({ kind }): boolean => kind === 'link',
  ({ kind }): boolean => kind === 'remove',
  ({ path }): boolean => path.startsWith('journal'),
  ({ kind, path }): boolean => kind === 'write' && path.startsWith('journal'),
  ({ path }): boolean => path.endsWith('.segment'),
  ({ kind, path }): boolean => kind === 'sync' && path.endsWith('.segment'),
  ({ path }): boolean => !path.includes('/'),
]

/** Every kind of fault that one call can have. */
export const FAULTS: readonly Fault[] = [
  { kind: 'off', when: 'before' },
  { kind: 'off', when: 'middle' },
  { kind: 'off', when: 'after' },
  { kind: 'error', code: 'EIO', when: 'before' },
  { kind: 'error', code: 'EIO', when: 'after' },
  { kind: 'short', bytes: 1 },
]

/** A fault at one call or a few; at times there is none. */
export function anyPlan(random: Random): Plan {
  if (isLucky(random, 0.1)) return { faultOf: () => undefined }
  const fault = anyFault(random)
  const isAimed = isLucky(random, 0.7)
  const isMeant = isAimed ? oneOf(random, AIMS) : (): boolean => true
  const first = below(random, isAimed ? AIMED_CALL_MAX : CALL_MAX)
  const end = first + (isLucky(random, 0.8) ? 1 : 1 + below(random, FAILING_MAX))
  let met = 0
  return {
    faultOf: (call): Fault | undefined => {
      if (!isMeant(call)) return undefined
      met += 1
      return met > first && met <= end ? fault : undefined
    },
  }
}
