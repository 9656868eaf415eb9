import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { programOf } from './debian-packages.ts'

/** Longest that a page may take to say something, in milliseconds: Chromium starts in under one second. */
const PAGE_MS_MAX = 60_000

// Without a sandbox, since root has none; without anything that talks to the network by itself.
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
}

/** What a page made known of itself. */
export interface Said {
  /** The body of its first `POST`. */
  readonly text: string
  /** The paths that it was given, in order. */
  readonly loaded: readonly string[]
}

/** Opens `/` of a site in Chromium, on loopback, and waits for the page to `POST` something anywhere. */
export async function openPage(site: (path: string) => string | undefined): Promise<Said> {
  const program = programOf('chromium')
  const loaded: string[] = []
  const said = Promise.withResolvers<string>()
  const server = createServer((request, response) => {
    if (request.method === 'POST') hear(request, response).then(said.resolve, said.reject)
    else give(request, response)
  })
  const give = ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
    const content = site(url)
    if (content !== undefined) loaded.push(url)
    const type = url === '/' ? TYPES['.html'] : TYPES[extname(url)]
    response.writeHead(content === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain' })
    response.end(content)
  }
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const profile = mkdtempSync(join(tmpdir(), 'proviso-chromium-'))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const browser = start(program, profile, url)
  try {
    return { text: await Promise.race([said.promise, failureOf(browser)]), loaded }
  } finally {
    await stop(browser)
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, maxRetries: 5 })
  }
}

async function hear(request: IncomingMessage, response: ServerResponse): Promise<string> {
  const body = await text(request)
  response.end()
  return body
}

function start(program: string, profile: string, url: string): ChildProcess {
  // A group of its own, so that all its processes end together.
  return spawn(program, [...FLAGS, `--user-data-dir=${profile}`, url], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: profile },
  })
}

/** Rejects when the browser ends, or goes on for too long. */
async function failureOf(browser: ChildProcess): Promise<never> {
  let complaints = ''
  browser.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    complaints += piece
  })
  const signal = AbortSignal.timeout(PAGE_MS_MAX)
  await once(browser, 'exit', { signal }).catch(() => undefined)
  throw new Error(`Chromium said nothing; it wrote: ${complaints}`)
}

async function stop(browser: ChildProcess): Promise<void> {
  if (browser.pid === undefined || browser.exitCode !== null) return
  const ended = once(browser, 'exit')
  process.kill(-browser.pid, 'SIGKILL')
  await ended
}
