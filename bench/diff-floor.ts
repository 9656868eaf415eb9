import { readBundleFile } from '../src/cli/load.ts'

// The floor of `proviso diff`: a process that reads and checks the same bundle files, and does nothing else.

for (const path of process.argv.slice(2)) {
  const read = readBundleFile(path)
  if (!read.ok) throw new Error(`${path}: ${read.error.message}`)
}
