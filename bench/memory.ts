import { readDirectory } from '../src/cli/directory.ts'
import { load } from './load.ts'
import { withServer } from './recording.ts'
import { rssMbOf } from './server.ts'

// Run by run.ts: how much memory a server has that records one exception after the other, minute by minute.

const MINUTE_MS = 60_000
const CONNECTIONS = 32

const [dir = '', directory = '', minutes] = process.argv.slice(2)
const { world } = readDirectory(dir)
if (world === undefined) throw new Error(`${dir} has errors`)
await withServer(world, directory, async ({ server, requests }) => {
  for (let minute = 1; minute <= Number(minutes); minute++) {
    const effort = { ms: MINUTE_MS, connections: CONNECTIONS }
    const { answers, ms } = await load(server.port, requests.single, effort)
    const rate = ((answers / ms) * 1_000).toFixed(0)
    const mb = rssMbOf(server.pid).toFixed(0)
    process.stdout.write(`minute ${minute}: ${mb} MiB resident, ${rate} exceptions/s\n`)
  }
})
