import type { Report } from '../problem.ts'
import { checkReference } from '../reference.ts'
import { quote } from '../suggest.ts'
import { type ContractCheck, checkAfter } from './contract-check.ts'

/** Everything wrong with what is recorded to have happened to a contract (semantics §7.4). */
export function checkRegister(check: ContractCheck, report: Report): void {
  const { contract, own } = check
  const { register } = contract
  for (const [i, row] of register.authorities.entries()) {
    const path = ['register', 'authorities', i]
    checkReference(report, own.authorities, row.id, [...path, 'id'])
    if (row['review-by'] === undefined && row.status.startsWith('in-force')) {
      const message =
        '`review-by` is missing; an authority in force is reviewed by some instant, so add it'
      report.error('missing-field', path, message)
    }
  }
  for (const [i, row] of register.attestations.entries()) {
    const path = ['register', 'attestations', i]
    checkReference(report, own.safeguards, row.safeguard, [...path, 'safeguard'])
    checkAfter(row, path, report)
  }
  for (const [i, row] of register.enrolments.entries()) {
    const path = ['register', 'enrolments', i]
    checkReference(report, own.deployments, row.deployment, [...path, 'deployment'])
    checkAfter(row, path, report)
  }
  checkStops(check, report)
  checkDutyRows(check, report)
}

function checkStops({ contract, own }: ContractCheck, report: Report): void {
  for (const [i, stop] of contract.register.stops.entries()) {
    const path = ['register', 'stops', i]
    checkAfter(stop, path, report)
    const { scope } = stop
    if (typeof scope === 'string') continue
    if ('tailoring' in scope) {
      checkReference(report, own.tailorings, scope.tailoring, [...path, 'scope', 'tailoring'])
    } else
      checkReference(report, own.deployments, scope.deployment, [...path, 'scope', 'deployment'])
  }
}

function checkDutyRows({ contract, own }: ContractCheck, report: Report): void {
  const rows = contract.register.duties
  for (const [i, { id, due, met, reinstated }] of rows.entries()) {
    const path = ['register', 'duties', i]
    if (!checkReference(report, own.duties, id, [...path, 'id'])) continue
    const duty = contract.terms.duties.find((candidate) => candidate.id === id)
    if (!Number.isNaN(due) && !duty?.due.includes(due)) {
      const message = `the duty ${quote(id)} has nothing due then; name one of its due instants`
      report.error('unlisted-due', [...path, 'due'], message)
    }
    if (rows.findIndex((row) => row.id === id && row.due === due) < i) {
      report.error(
        'duplicate-due',
        [...path, 'due'],
        'this instant has a row already; merge the two',
      )
    }
    if (reinstated === undefined) continue
    if (met === undefined || reinstated < met) {
      const message =
        'reinstated before the duty was met; say when it was met, or mend the instants'
      report.error('reinstated-early', [...path, 'reinstated'], message)
    }
  }
}
