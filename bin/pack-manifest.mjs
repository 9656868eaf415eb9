// Around `npm pack`: the published package leaves out the Node runtime that a checkout pins for itself.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

const MANIFEST = 'package.json'
const KEPT = 'package.json.packing'

if (process.argv[2] === 'strip') {
  const text = readFileSync(MANIFEST, 'utf8')
  const published = JSON.parse(text)
  for (const key of ['optionalDependencies', 'devDependencies', 'scripts', 'overrides']) {
    delete published[key]
  }
  writeFileSync(KEPT, text)
  writeFileSync(MANIFEST, `${JSON.stringify(published, null, 2)}\n`)
} else if (existsSync(KEPT)) renameSync(KEPT, MANIFEST)
