import { assert } from '../assert.ts'
import type { Outcome } from '../decision/decision.ts'
import type { Digest } from '../digest.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Instant } from '../time.ts'

// What the check of a receipt answers, and how it comes about step by step.

/** What is checked, in this order. */
export const STEPS = [
  'receipt',
  'record',
  'governance-checkpoint',
  'witnesses',
  'anchor-entry',
  'anchor',
  'anchor-signature',
  'decision-checkpoint',
  'record-entry',
  'payload',
  'decision',
] as const
export type StepCode = (typeof STEPS)[number]

export interface Step {
  readonly step: StepCode
  /** Null: there was nothing to check it with. */
  readonly ok: boolean | null
  readonly text: string
}

/** What a verified receipt says. */
export interface Facts {
  /** The origin of the decision log. */
  readonly log: string
  /** The origin of the governance log. */
  readonly governance: string
  /** The record's place in the decision log, from 0. */
  readonly index: number
  /** `permit`: the record counts plain permits. */
  readonly outcome: Outcome
  readonly at: Instant
  readonly bundle: Digest
  /** What stands for the contract, 64 hexadecimal digits; null when no exception was used. */
  readonly pseudonym: string | null
  /** When the anchor says that it was made. */
  readonly anchored: Instant
  /** Witnesses by their names in the trust file. */
  readonly cosigned: readonly Cosigned[]
}

export interface Cosigned {
  readonly witness: string
  /** When it says it did; null when that is no instant before the year 10000. */
  readonly at: Instant | null
}

export interface Verification {
  readonly ok: boolean
  /** The first step that fails is the last one. */
  readonly steps: readonly Step[]
  /** Null unless the receipt is verified. */
  readonly facts: Facts | null
  /** Goes on from “a verified receipt does not prove”. */
  readonly doesNotProve: string
}

const DOES_NOT_PROVE =
  'that every decision was logged, only that this record was: what was never recorded no log can show; nor that the answer was acted upon'

/** What a check found: a value and a sentence; `isOpen` when there was nothing to check it with. */
export type Found<T> = Result<
  { readonly value: T; readonly text: string; readonly isOpen?: boolean },
  { readonly message: string }
>

/** The steps so far. */
export class Checked {
  readonly steps: Step[] = []

  /** Takes down what a check found; undefined when it failed. */
  take<T>(step: StepCode, found: Found<T>): T | undefined {
    if (!found.ok) {
      this.steps.push({ step, ok: false, text: found.error.message })
      return undefined
    }
    const { value, text, isOpen = false } = found.value
    this.steps.push({ step, ok: isOpen ? null : true, text })
    return value
  }

  /** How it ends: with facts when no step has failed. */
  verification(facts: Facts | null): Verification {
    const { steps } = this
    const ok = steps.every((step) => step.ok !== false)
    assert(ok === (facts !== null), 'a receipt has facts when every step holds, and only then')
    return { ok, steps, facts, doesNotProve: DOES_NOT_PROVE }
  }
}

export function shown<T>(value: T, text: string): Found<T> {
  return ok({ value, text })
}

export function unchecked(text: string): Found<true> {
  return ok({ value: true, text, isOpen: true })
}

export function refused(message: string): Found<never> {
  return fail({ message })
}
