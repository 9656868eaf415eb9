import { readDirectory } from '../src/cli/directory.ts'
import { sha256 } from '../src/cli/load.ts'
import { compile } from '../src/decision/compile.ts'
import type { World } from '../src/decision/world.ts'
import { rulesOfTables } from '../src/proof/bundle-rules.ts'
import { catalogueOf, rulesOfDocuments } from '../src/proof/documents-rules.ts'
import { LAWS } from '../src/proof/laws.ts'
import { prove } from '../src/proof/prove.ts'
import { Subject } from '../src/proof/subject.ts'
import { contractsOf } from './example.ts'
import { type Spread, spreadOf } from './measure.ts'

// Run by run.ts: what it takes to decide every law of a bundle, documents and tables at hand.

/** Proofs of a bundle of so many contracts, in nanoseconds each. */
export interface ProveReport {
  readonly contracts: number
  readonly laws: number
  readonly seconds: Spread
}

function report(world: World, contracts: number, rounds: number): ProveReport {
  const whole = { ...world, contracts: [...contractsOf(world, contracts)] }
  const bundle = compile(whole, sha256)
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    const subject = new Subject(rulesOfTables(bundle), rulesOfDocuments(whole))
    const recompiled = [
      compile({ ...whole, contracts: whole.contracts.toReversed() }, sha256).digest,
    ]
    const proved = { subject, bundle, recompiled, sha256, catalogue: catalogueOf(whole) }
    const { proofs } = prove(proved, LAWS)
    if (proofs.some(({ violation }) => violation)) throw new Error('a law does not hold')
    return (performance.now() - start) * 1e6
  })
  return { contracts, laws: LAWS.length, seconds: spreadOf(times) }
}

const [, , dir = '', contracts = '10000', rounds = '3'] = process.argv
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
process.stdout.write(JSON.stringify(report(world, Number(contracts), Number(rounds))))
