import type { Decided } from '../decision/replayed.ts'

/** A decision in a line. */
export function decidedText({ outcome, triggered, contract, tailoring, codes }: Decided): string {
  const used = contract === null ? '' : ` by ${contract}/${tailoring}`
  const why = triggered.length === 0 ? '' : ` (${triggered.join(', ')}: ${codes.join(', ')})`
  return `${outcome}${used}${why}`
}
