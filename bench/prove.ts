import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import type { Bundle } from '../src/decision/bundle.ts'
import { compile } from '../src/decision/compile.ts'
import type { World } from '../src/decision/world.ts'
import { rulesOfTables } from '../src/proof/bundle-rules.ts'
import { catalogueOf, rulesOfDocuments } from '../src/proof/documents-rules.ts'
import { LAWS } from '../src/proof/laws.ts'
import { prove } from '../src/proof/prove.ts'
import { Subject } from '../src/proof/subject.ts'
import { contractsOf } from './example.ts'
import { costOf, ownCpuSeconds, timed } from './measure.ts'
import type { ProveReport } from './proof-report.ts'

// Run by run.ts: what it takes to decide every law of a bundle, documents and tables at hand.

function report(world: World, contracts: number, rounds: number): ProveReport {
  const whole = { ...world, contracts: [...contractsOf(world, contracts)] }
  const bundle = compile(whole, sha256)
  const laps = Array.from({ length: rounds }, () =>
    timed(() => proveAll(whole, bundle), ownCpuSeconds),
  )
  return { contracts, laws: LAWS.length, ...costOf(laps) }
}

function proveAll(world: World, bundle: Bundle): void {
  const subject = new Subject(rulesOfTables(bundle), rulesOfDocuments(world))
  const reversed = compile({ ...world, contracts: world.contracts.toReversed() }, sha256)
  const recompiled = [reversed.digest]
  const { proofs } = prove(
    { subject, bundle, recompiled, sha256, catalogue: catalogueOf(world) },
    LAWS,
  )
  if (proofs.some(({ violation }) => violation)) throw new Error('a law does not hold')
}

const [, , dir = '', contracts = '', rounds = ''] = process.argv
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
process.stdout.write(JSON.stringify(report(world, Number(contracts), Number(rounds))))
