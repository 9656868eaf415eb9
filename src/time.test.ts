import { expect, test } from 'vitest'
import {
  parseDuration,
  parseInstant,
  printDuration,
  printInstant,
  printInstantShort,
} from './time.ts'

test('an instant is RFC 3339 in UTC, at most to the millisecond', () => {
  expect(parseInstant('1970-01-01T00:00:00Z')).toBe(0)
  expect(parseInstant('2026-01-31T23:59:59.5Z')).toBe(Date.UTC(2026, 0, 31, 23, 59, 59, 500))
  expect(parseInstant('2024-02-29T00:00:00.001Z')).toBe(Date.UTC(2024, 1, 29) + 1)
})

test.each([
  '2026-01-31',
  '2026-01-31T00:00:00',
  '2026-01-31T00:00:00+00:00',
  '2026-01-31T01:00:00+01:00',
  '2026-01-31t00:00:00z',
  '2026-01-31 00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2025-02-29T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-12-31T23:59:60Z',
  '2026-13-01T00:00:00Z',
  '2026-01-31T00:00:00.1234Z',
  '2026-01-31T00:00:00.Z',
  '26-01-31T00:00:00Z',
  '+002026-01-31T00:00:00Z',
  ' 2026-01-31T00:00:00Z',
  '2026-01-31T00:00:00Z\n',
  '',
])('%j is no instant', (text) => {
  expect(parseInstant(text)).toBeUndefined()
})

test('an instant prints as it is written', () => {
  expect(printInstant(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(printInstantShort(0)).toBe('1970-01-01T00:00:00Z')
  expect(printInstantShort(1)).toBe('1970-01-01T00:00:00.001Z')
})

test('a duration is whole days', () => {
  expect(parseDuration('P0D')).toBe(0)
  expect(parseDuration('P30D')).toBe(30 * 86_400_000)
  expect(printDuration(14 * 86_400_000)).toBe('P14D')
})

test.each([
  'P',
  'PD',
  'P1',
  'P-1D',
  'P01D',
  'P1.5D',
  'PT24H',
  'P1M',
  'P1Y',
  'p1d',
  'P36501D',
  'P99999999D',
])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})
