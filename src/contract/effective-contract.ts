import type { Contract } from './contract.ts'
export const AT_ONCE = ['contract-stopped']
export function effectiveContract(..._: unknown[]): Contract | undefined {
  return undefined
}
