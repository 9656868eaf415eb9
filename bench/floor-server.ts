import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

// The floor of the HTTP bench: what any server in Node has to do. It reads a body, parses it, and answers with the
// texts that Proviso answered with, in turn. It checks nothing and decides nothing.

interface Answers {
  readonly port: number
  /** For each path, the answers to the questions of the bench. */
  readonly answers: Readonly<Record<string, readonly string[]>>
}

const { port, answers } = JSON.parse(await text(process.stdin)) as Answers
let count = 0
let parsed: unknown

const server = createServer((request, response) => {
  if (request.method === 'GET') return response.end()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const [first = Buffer.alloc(0)] = chunks
    parsed = JSON.parse((chunks.length === 1 ? first : Buffer.concat(chunks)).toString())
    const all = answers[request.url ?? ''] ?? []
    const answer = all[count++ % all.length] ?? ''
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(answer),
    })
    response.end(answer)
  })
  return response
})

server.listen(port, '127.0.0.1')
// Read once more at the end, so that no compiler leaves the parsing out.
process.on('exit', () => parsed === undefined && process.stderr.write('asked nothing\n'))
