import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { digestOfCommand, RegisterClient } from '../src/cli/register-client.ts'
import { parseSigner, type Signer } from '../src/log/signer.ts'

// `proviso serve` as processes of their own, and the people of the example's story who act on its register.

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))

/** The instant at which every process begins, within the terms of the example's contracts. */
export const CLOCK = ['--clock', '2026-03-02T09:00:00Z']

/** What a process says in its log when it decides by another bundle. */
interface Taken {
  readonly bundle: string
  /** On this machine's clock, in milliseconds. */
  readonly at: number
}

export interface Running {
  readonly address: string
  readonly child: ChildProcess
  /** What it has said so far. */
  readonly taken: readonly Taken[]
}

export async function start(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args, '--json', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const taken: Taken[] = []
  createInterface(child.stderr).on('line', (line) => {
    const { event, digest, time } = JSON.parse(line) as Readonly<Record<string, string>>
    if (event === 'bundle-taken') taken.push({ bundle: digest ?? '', at: Date.parse(time ?? '') })
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { address: (JSON.parse(line.toString()) as { address: string }).address, child, taken }
}

export async function stop({ child }: Running): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'close')
}

/** Whether a deployment of a customer of the example's contract is permitted an analysis; undefined without a decision. */
export async function isPermitted(address: string, customer: string): Promise<boolean | undefined> {
  const question = {
    subject: { type: 'deployment', id: `${customer}/desk-1` },
    action: { name: 'surveillance.intelligence-analysis' },
    resource: { type: 'model', id: 'example-sonnet-20250514' },
    context: { facts: { subjects: ['foreign'], act: ['analyse'], 'human-review': ['yes'] } },
  }
  const answer = await fetch(`${address}/access/v1/evaluation`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  })
  const body: unknown = await answer.json()
  return answer.ok ? (body as { readonly decision: boolean }).decision : undefined
}

type Officer = 'officer' | 'second-officer'

/** One officer suspends a contract, and another one has to reinstate it. */
export class Officers {
  readonly #client: RegisterClient
  readonly #people: string

  constructor(address: string, people: string) {
    this.#client = new RegisterClient(new URL(address), undefined)
    this.#people = people
  }

  suspend(contract: string): Promise<void> {
    return this.#act('officer', 'contract.suspend', contract)
  }

  reinstate(contract: string): Promise<void> {
    return this.#act('second-officer', 'contract.reinstate', contract)
  }

  async #act(by: Officer, act: string, contract: string): Promise<void> {
    const [path, subject] = [`contracts/${contract}`, `contract/${contract}`]
    const command = { act, reasons: 'A bench' }
    const round = ((await this.#client.get(path)).body as { readonly version: number }).version
    const actor = { by, role: 'safeguards-officer', signer: this.#signerOf(by) } as const
    const waiting = { round, digest: digestOfCommand(command) }
    const { status, body } = await this.#client.act({ actor, path, subject, command, waiting })
    if (status !== 200) throw new Error(`${act}: ${JSON.stringify(body)}`)
  }

  #signerOf(person: Officer): Signer {
    const signer = parseSigner(readFileSync(join(this.#people, `${person}.key`), 'utf8').trim())
    if (!signer.ok) throw new Error(signer.error.message)
    return signer.value
  }
}
