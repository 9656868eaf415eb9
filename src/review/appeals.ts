import { againstDeciding, againstLodging } from '../contract/appeal.ts'
import { fail, ok } from '../result.ts'
import type { Asking, Decided } from './asking.ts'
import { refused } from './case-refusals.ts'

// Appeals against a case being declined (semantics §12.9).

export function appeal({ state, command }: Asking<'case.appeal'>): Decided {
  const { grounds } = command
  const against = againstLodging(state.appeal, grounds)
  return against ? fail(refused(...against)) : ok([{ type: 'decline-appealed', grounds }])
}

/** Whoever has assessed or approved in the case had a part in what came of it. */
export function decideAppeal({ state, command, act }: Asking<'case.decide-appeal'>): Decided {
  const { outcome, reasons } = command
  const isFirst = state.acted.some(({ person }) => person === act.by)
  const against = againstDeciding(state.appeal, { reasons, isFirst })
  return against ? fail(refused(...against)) : ok([{ type: 'appeal-decided', outcome, reasons }])
}
