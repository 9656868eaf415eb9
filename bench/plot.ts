import type { Timing } from './decide.ts'

// One decision as contracts grow, both axes by powers of ten, as SVG.

const WIDTH = 720
const HEIGHT = 420
const LEFT = 70
const RIGHT = 170
const TOP = 20
const BOTTOM = 50

const COLOURS = ['#1b6ca8', '#7fb3d5', '#777777', '#c0762b', '#a8322a']

interface Point {
  readonly x: number
  readonly y: number
}

/** A chart of medians, a line an engine. */
export function plotDecisions(timings: readonly Timing[]): string {
  const x = scaleOf(
    timings.map(({ contracts }) => contracts),
    LEFT,
    WIDTH - RIGHT,
  )
  const y = scaleOf(
    timings.map(({ median }) => median),
    HEIGHT - BOTTOM,
    TOP,
  )
  const engines = [...Map.groupBy(timings, ({ engine }) => engine)]
  const lines = engines.map(([engine, own], i) => {
    const points = own.map(({ contracts, median }) => ({ x: x.at(contracts), y: y.at(median) }))
    return lineOf(engine, points, COLOURS[i % COLOURS.length] ?? '')
  })
  const ticks = [
    ...x.ticks.map((n) => label(n.toLocaleString('en'), x.at(n), HEIGHT - BOTTOM + 20, 'middle')),
    ...y.ticks.map((n) => label(duration(n), LEFT - 8, y.at(n) + 4, 'end')),
    ...y.ticks.map((n) => {
      const at = y.at(n).toFixed(1)
      return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#ddd"/>`
    }),
    label('contracts', (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'middle'),
  ]
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`
  return `${[head, '<title>Median of one decision</title>', ...ticks, ...lines, '</svg>'].join('\n')}\n`
}

interface Scale {
  readonly at: (value: number) => number
  /** Powers of ten that the values lie between. */
  readonly ticks: readonly number[]
}

function scaleOf(values: readonly number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.ceil(Math.log10(Math.max(...values)))
  return {
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
  }
}

function lineOf(name: string, points: readonly Point[], colour: string): string {
  const path = points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')
  const dots = points.map(
    ({ x, y }) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3" fill="${colour}"/>`,
  )
  const { x, y } = points.at(-1) ?? { x: LEFT, y: TOP }
  const line = `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`
  return [line, ...dots, label(name, x + 8, y + 4, 'start')].join('')
}

function label(text: string, x: number, y: number, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${text}</text>`
}

function duration(ns: number): string {
  if (ns < 1e3) return `${ns} ns`
  return ns < 1e6 ? `${ns / 1e3} µs` : `${ns / 1e6} ms`
}
