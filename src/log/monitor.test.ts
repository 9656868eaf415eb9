import { describe, expect, test } from 'vitest'
import {
  DECISIONS,
  DECISIONS_KEY,
  decisionLog,
  entryItem,
  GOVERNANCE_KEY,
  LogWorld,
  permitsOf,
  recordItem,
  STATEMENTS_KEY,
  signerNamed,
  thousandDecisions,
} from '../../test/log-world.ts'
import { at } from '../assert.ts'
import { bytesOf } from '../bytes.ts'
import { LogFailure } from './failure.ts'
import type { Fault } from './fault.ts'
import { type KnownLog, knownLogs } from './known-log.ts'
import { Monitor, type MonitorOptions } from './monitor.ts'
import { type MonitorState, parseMonitorState, printMonitorState } from './monitor-state.ts'
import type { Item } from './sequencer.ts'
import type { LogSource } from './source.ts'

const [GOVERNANCE, DECISION] = knownLogs([GOVERNANCE_KEY.verifier, DECISIONS_KEY.verifier]) as [
  KnownLog,
  KnownLog,
]

function optionsFor(world: () => LogWorld): MonitorOptions {
  return {
    governance: GOVERNANCE,
    decisions: [DECISION],
    statements: [STATEMENTS_KEY.verifier],
    trust: null,
    open: (folder): LogSource => ({
      read: (path) => world().options.open(folder).source.read(path),
    }),
    state: null,
  }
}

/** Looks until there is nothing more to read; what is wrong, a sentence each. */
async function problemsOf(monitor: Monitor, now: number): Promise<readonly string[]> {
  const problems: Fault[] = []
  for (let isBehind = true; isBehind; ) {
    const look = await monitor.look(now)
    problems.push(...look.problems)
    isBehind = look.isBehind
  }
  return problems.map(({ where, message }) => `${where}: ${message}`)
}

/** What is kept of a monitor in a file, read again. */
function kept({ state }: Monitor): MonitorState {
  const parsed = parseMonitorState(printMonitorState(state))
  if (!parsed.ok) throw new Error(parsed.error.message)
  expect(parsed.value).toEqual(state)
  return parsed.value
}

describe('logs that are as they have to be', () => {
  test('have no problem, while they grow and while they idle', async () => {
    const world = await thousandDecisions()
    const monitor = new Monitor(optionsFor(() => world))
    expect(await problemsOf(monitor, world.now)).toEqual([])
    for (let i = 0; i < 5; i++) {
      if (i % 2 === 0) await world.decide(100)
      await world.anchor()
      expect(await problemsOf(monitor, world.now + 3_000)).toEqual([])
    }
    const { logs, anchors } = monitor.state
    expect(logs.map(({ read }) => read)).toEqual([10, 1_300])
    expect(anchors).toMatchObject({ at: world.now, rows: [{ entries: 1_300 }] })
  })

  test('have none after a restart either, and only what is new is read', async () => {
    const world = await thousandDecisions()
    const first = new Monitor(optionsFor(() => world))
    await first.look(world.now)
    await world.decide(10)
    await world.anchor()
    const reads: string[] = []
    const options = optionsFor(() => world)
    const open = (folder: string): LogSource => ({
      read: (path) => {
        reads.push(`${folder}/${path}`)
        return options.open(folder).read(path)
      },
    })
    const second = new Monitor({ ...options, open, state: kept(first) })
    expect(await problemsOf(second, world.now)).toEqual([])
    expect(reads.filter((path) => path.includes('entries'))).toEqual([
      'governance/tile/entries/000.p/6',
      'decisions-main-1/tile/entries/003.p/242',
    ])
  })

  test('are followed by their anchors when nobody gave a key of a decision log', async () => {
    const world = await thousandDecisions()
    const monitor = new Monitor({ ...optionsFor(() => world), decisions: [] })
    const { problems, notes } = await monitor.look(world.now)
    expect(problems).toEqual([])
    expect(notes.map(({ message }) => message)).toContain(
      `no key of \`${DECISIONS}\` is known; its anchors vouch for it`,
    )
    expect(monitor.state.logs.map(({ read }) => read)).toEqual([5, 1_000])
  })

  test('are followed without a key of scope auditor, which is said', async () => {
    const world = await thousandDecisions()
    const options = optionsFor(() => world)
    const open = (folder: string): LogSource => ({
      read: (path) =>
        path.startsWith('tile/entries')
          ? Promise.reject(new LogFailure('no-access', 'no key'))
          : options.open(folder).read(path),
    })
    const monitor = new Monitor({ ...options, open })
    const { problems, notes } = await monitor.look(world.now)
    expect(problems).toEqual([])
    expect(notes.map(({ where, code }) => `${where} ${code}`)).toEqual([
      'governance not-checked',
      'decisions-main-1 not-checked',
      'decisions-main-1 not-checked',
    ])
    expect(await problemsOf(monitor, world.now + 31_000)).toEqual([
      'governance: it has not grown since 2026-03-02T09:00:50Z: no log shows what is decided meanwhile',
    ])
  })
})

const honest = Array.from({ length: 1_000 }, (_, i) => recordItem(i))

// An operator who deceives.

/** What a monitor tells that has followed a world, and then finds another. */
async function toldOf(change: (world: LogWorld) => Promise<LogWorld>): Promise<readonly string[]> {
  let world = await thousandDecisions()
  const monitor = new Monitor(optionsFor(() => world))
  expect(await problemsOf(monitor, world.now)).toEqual([])
  const { now } = world
  const state = kept(monitor)
  world = await change(world)
  const told = await problemsOf(monitor, now)
  // Told once, and by whoever has kept the state.
  expect(await problemsOf(monitor, now)).toEqual([])
  const again = new Monitor({ ...optionsFor(() => world), state })
  expect(await problemsOf(again, now)).toEqual(told)
  return told
}

async function withDecisions(world: LogWorld, items: readonly Item[]): Promise<LogWorld> {
  return await LogWorld.create(world.governanceFiles.clone(), await decisionLog(items), world.now)
}

test('a dropped entry is told', async () => {
  const told = await toldOf((world) => withDecisions(world, honest.slice(0, 999)))
  expect(told).toEqual([
    'decisions-main-1/checkpoint: it shows 999 entries, and has shown 1000 before',
  ])
})

test('a dropped entry with others in its place is told', async () => {
  const more = [...honest.toSpliced(500, 1), recordItem(1_000), recordItem(1_001)]
  const told = await toldOf((world) => withDecisions(world, more))
  expect(told).toEqual([
    'decisions-main-1/checkpoint: its 1001 entries do not begin with the 1000 that it has shown before',
  ])
})

test('two reordered entries are told', async () => {
  const swapped = honest.with(10, at(honest, 11)).with(11, at(honest, 10))
  expect(await toldOf((world) => withDecisions(world, swapped))).toEqual([
    'decisions-main-1/checkpoint: it has shown two trees of 1000 entries, and they differ',
  ])
})

test('a rewritten entry, with tiles, root and signature made anew, is told', async () => {
  const rewritten = honest.with(10, recordItem(10, { at: 1 }))
  expect(await toldOf((world) => withDecisions(world, rewritten))).toEqual([
    'decisions-main-1/checkpoint: it has shown two trees of 1000 entries, and they differ',
  ])
})

test('a rewritten entry is told by the anchors to a monitor that comes later', async () => {
  const world = await thousandDecisions()
  const rewritten = await withDecisions(world, honest.with(700, recordItem(700, { at: 1 })))
  const monitor = new Monitor(optionsFor(() => rewritten))
  expect(await problemsOf(monitor, world.now)).toEqual([
    `governance entry 3: it states another tree of 800 entries of \`${DECISIONS}\` than the one that is there`,
    `governance entry 4: it states another tree of 1000 entries of \`${DECISIONS}\` than the one that is there`,
  ])
})

test('a governance log that is put back to an older copy is told', async () => {
  const told = await toldOf(async (world) => {
    const older = await LogWorld.create(undefined, world.decisionFiles.clone(), world.now - 50_000)
    await older.anchor()
    return older
  })
  expect(told).toEqual(['governance/checkpoint: it shows 1 entries, and has shown 5 before'])
})

test('two auditors who are shown different logs find it when one has the state of the other', async () => {
  const common = await thousandDecisions()
  const forA = await common.copy()
  const forB = await common.copy()
  await forA.decide(1)
  await forB.decisions.append([recordItem(1_000, { at: 1 })])
  await forB.decisions.integrate()
  await forA.anchor()
  await forB.anchor()
  const a = new Monitor(optionsFor(() => forA))
  expect(await problemsOf(a, forA.now)).toEqual([])
  const b = new Monitor(optionsFor(() => forB))
  expect(await problemsOf(b, forB.now)).toEqual([])
  const together = new Monitor({ ...optionsFor(() => forB), state: kept(a) })
  const { problems } = await together.look(forB.now)
  expect(problems.map(({ where, code }) => `${where} ${code}`)).toEqual([
    'governance/checkpoint split-view',
    'decisions-main-1/checkpoint split-view',
  ])
  expect(problems[1]?.notes).toEqual([forA.decisions.publishedNote, forB.decisions.publishedNote])
})

test('a gap in sequence numbers is told', async () => {
  const told = await toldOf(async (world) => {
    const copy = await world.copy()
    await copy.decisions.append([recordItem(1_001)])
    await copy.decisions.integrate()
    return copy
  })
  expect(told).toEqual(['decisions-main-1 entry 1000: its sequence number is 1001'])
})

test('an anchor that changes a count without an entry is told', async () => {
  const told = await toldOf(async (world) => {
    const copy = await world.copy()
    await copy.anchor({ permits: permitsOf(1_000) + 1 }, 0)
    return copy
  })
  expect(told).toEqual([
    `governance entry 5: \`${DECISIONS}\` counts 141 permits in 1000 entries, and 140 in the anchor before`,
  ])
})

test('an anchor of a tree that the log does not have is told', async () => {
  const told = await toldOf(async (world) => {
    const other = await decisionLog([...honest, recordItem(1_000, { at: 1 })])
    const note = Buffer.from((await other.read('signed')) ?? []).toString()
    const copy = await world.copy()
    await copy.decide(2)
    await copy.anchor({ checkpoint: note, entries: 1_001 }, 0)
    return copy
  })
  expect(told).toEqual([
    `governance entry 5: it states another tree of 1001 entries of \`${DECISIONS}\` than the one that is there`,
  ])
})

test('an anchor of more entries than the log shows is told', async () => {
  const told = await toldOf(async (world) => {
    const other = await decisionLog([...honest, recordItem(1_000)])
    const note = Buffer.from((await other.read('signed')) ?? []).toString()
    const copy = await world.copy()
    await copy.anchor({ checkpoint: note, entries: 1_001 }, 0)
    return copy
  })
  expect(told).toEqual([
    `governance entry 5: it states 1001 entries of \`${DECISIONS}\`, which shows 1000`,
  ])
})

test('what is no statement is told', async () => {
  const told = await toldOf(async (world) => {
    const copy = await world.copy()
    await copy.governance.append([entryItem(bytesOf('{}'))])
    await copy.governance.integrate()
    return copy
  })
  expect(told).toEqual(['governance entry 5: this is no DSSE envelope'])
})

test('a key that is no longer trusted signs for nobody', async () => {
  const world = await thousandDecisions()
  const revoked = { ...GOVERNANCE, keys: [signerNamed(GOVERNANCE.origin, 88).verifier] }
  const monitor = new Monitor({ ...optionsFor(() => world), governance: revoked })
  expect(await problemsOf(monitor, world.now)).toEqual([
    'governance/checkpoint: none of proviso.example/governance has signed it',
  ])
})

describe('silence', () => {
  test('is told once anchors have stopped for over 30 seconds, and again when they stop again', async () => {
    const world = await thousandDecisions()
    const monitor = new Monitor(optionsFor(() => world))
    expect(await problemsOf(monitor, world.now + 30_000)).toEqual([])
    expect(await problemsOf(monitor, world.now + 30_001)).toEqual([
      'governance: there is no anchor since 2026-03-02T09:00:50Z: no log shows what is decided meanwhile',
    ])
    expect(await problemsOf(monitor, world.now + 60_000)).toEqual([])
    await world.anchor()
    expect(await problemsOf(monitor, world.now)).toEqual([])
    expect(await problemsOf(monitor, world.now + 31_000)).toEqual([
      'governance: there is no anchor since 2026-03-02T09:01:00Z: no log shows what is decided meanwhile',
    ])
  })

  test('that is over is told too', async () => {
    const world = await thousandDecisions()
    await world.anchor({}, 45_000)
    expect(await problemsOf(new Monitor(optionsFor(() => world)), world.now)).toEqual([
      'governance entry 5: there is no anchor from 2026-03-02T09:00:50Z to 2026-03-02T09:01:35Z',
    ])
  })

  test('cannot be hidden by anchors that were made ahead of time', async () => {
    const world = await thousandDecisions()
    await world.anchor({}, 20_000)
    await world.anchor({}, 29_000)
    await world.anchor({}, 29_000)
    const told = await problemsOf(new Monitor(optionsFor(() => world)), world.now - 61_000)
    expect(told).toEqual([
      'governance: its newest anchor is of 2026-03-02T09:02:08Z, which is still to come',
    ])
  })

  test('of a server that does not answer is told', async () => {
    const world = await thousandDecisions()
    const error = new LogFailure('unreachable', 'https://proviso.example/log does not answer')
    const open = (): LogSource => ({ read: () => Promise.reject(error) })
    const monitor = new Monitor({ ...optionsFor(() => world), open })
    expect(await problemsOf(monitor, world.now)).toEqual([
      'governance: https://proviso.example/log does not answer',
      'decisions-main-1: https://proviso.example/log does not answer',
    ])
  })
})
