import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { assert } from '../src/assert.ts'
import { canonicalJson } from '../src/canonical-json.ts'
import { type ContractCommand, contractCommand } from '../src/contract/contract-commands.ts'
import { type Digest, digestOf } from '../src/digest.ts'
import { Evidence } from '../src/log/evidence.ts'
import { printVerifier } from '../src/log/key.ts'
import { createLogDirectory } from '../src/log/log-directory.ts'
import { signAct } from '../src/log/signed-act.ts'
import { type Signer, signerOf } from '../src/log/signer.ts'
import type { Role } from '../src/people.ts'
import { type CaseCommand, caseCommand } from '../src/review/case-commands.ts'
import { appOf } from '../src/server/app.ts'
import type { Keyring } from '../src/server/keys.ts'
import { Metrics } from '../src/server/metrics.ts'
import { Register } from '../src/server/register.ts'
import { RegisterBundle } from '../src/server/register-bundle.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import type { Instant } from '../src/time.ts'
import { sha256 } from './bundle-of.ts'
import { EVIDENCE, EVIDENCE_TEXT } from './case-world.ts'
import { assertDescribed } from './described.ts'
import { EXAMPLE, EXAMPLE_TEXTS } from './example-world.ts'
import { NO_LOG } from './served.ts'

// A register that is served, and people who act in it over HTTP and by nothing else.

const API = '/api/v1'

const NO_BUNDLE = digestOf('0'.repeat(64))

/** The key that signs leases. */
export const PUBLISHER = signerOf('register.example/bundles', Buffer.alloc(32, 9))

/** What the API answers. */
export interface Answered {
  readonly status: number
  readonly etag: string | null
  // biome-ignore lint/suspicious/noExplicitAny: it is JSON that a test looks into.
  readonly body: any
}

/** What is signed besides the command: by default what is seen, of the document that waits or of the thing. */
export interface Signing {
  readonly round?: number
  readonly digest?: Digest
  readonly nonce?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whose key signs. */
  readonly signer?: string
  /** What the signature names: the thing unless said. */
  readonly subject?: string
}

export class RunningRegister {
  readonly url: string
  readonly logs: string
  /** The instant of the server's clock. */
  at: Instant
  /** Keys that are asked for; null: none is. */
  keys: Keyring | null
  readonly bundle: RegisterBundle
  readonly database: Database
  readonly #end: () => Promise<void>
  readonly #signers = new Map<string, Signer>()

  private constructor(
    parts: Pick<RunningRegister, 'url' | 'logs' | 'bundle' | 'database'> & {
      readonly end: () => Promise<void>
    },
    clock: { at: Instant; keys: Keyring | null },
  ) {
    this.url = parts.url
    this.logs = parts.logs
    this.bundle = parts.bundle
    this.database = parts.database
    this.#end = parts.end
    this.at = clock.at
    this.keys = clock.keys
    Object.defineProperty(this, 'at', {
      get: () => clock.at,
      set: (at: Instant) => {
        clock.at = at
      },
    })
    Object.defineProperty(this, 'keys', {
      set: (keys: Keyring | null) => {
        clock.keys = keys
      },
    })
  }

  /** What goes wrong with its logs is thrown, unless it is listened to. */
  static async start(
    database: { readonly url: string },
    at: Instant,
    onTrouble = thrown,
    change?: (evidence: Evidence) => void,
  ): Promise<RunningRegister> {
    const path = mkdtempSync(join(tmpdir(), 'proviso-register-'))
    const logs = join(path, 'log')
    createLogDirectory(logs, { host: 'register.example', name: 'main' })
    const time: { at: Instant; keys: Keyring | null } = { at, keys: null }
    const clock = (): Instant => time.at
    const evidence = await Evidence.open({
      path: logs,
      clock,
      bundle: () => NO_BUNDLE,
      onTrouble,
      onStopped: thrown,
    })
    change?.(evidence)
    const opened = await openDatabase(database)
    const bundle = await RegisterBundle.open({
      database: opened,
      evidence,
      clock,
      sha256,
      publisher: PUBLISHER,
      log: NO_LOG,
    })
    const status = (): RegisterBundle['status'] => bundle.status
    const app = appOf({
      status,
      clock,
      keyring: () => time.keys,
      metrics: new Metrics(status, clock),
      recorder: evidence,
      shadow: null,
      logs: { read: (log, file) => evidence.read(log, file), status: {} },
      register: { register: new Register(opened, sha256), database: opened, live: bundle },
      lacks: () => bundle.lacks,
      log: NO_LOG,
      publicUrl: null,
    })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const end = async (): Promise<void> => {
      await app.close()
      await bundle.close()
      await opened.close()
      await evidence.close()
      rmSync(path, { recursive: true })
    }
    return new RunningRegister({ url, logs, bundle, database: opened, end }, time)
  }

  /** One that runs as a process of its own, with the clock on the wall. */
  static over(url: string): RunningRegister {
    const end = (): Promise<void> => Promise.resolve()
    const none = undefined as never
    const parts = { url, logs: '', bundle: none, database: none, end }
    return new RunningRegister(parts, { at: Date.now(), keys: null })
  }

  close(): Promise<void> {
    return this.#end()
  }

  /** The key of somebody, by their name alone. */
  signerOf(name: string): Signer {
    const known = this.#signers.get(name)
    if (known) return known
    const signer = signerOf(name, Buffer.from(sha256(name), 'hex'))
    this.#signers.set(name, signer)
    return signer
  }

  keyOf(name: string): string {
    return printVerifier(this.signerOf(name).verifier)
  }

  async get(path: string): Promise<Answered> {
    return await this.#sent('GET', path)
  }

  /** Somebody asks for an act on a thing below /api/v1, such as `cases/case-17`. */
  async ask(
    [by, role]: readonly [string, Role],
    path: string,
    command: { readonly act: string },
    signing: Signing = {},
  ): Promise<Answered> {
    const body = await this.bodyOf([by, role], path, command, signing)
    const headers = { 'content-type': 'application/json', ...signing.headers }
    return await this.#sent('POST', `/api/v1/${path}/acts`, { headers, body })
  }

  /** What is sent for an act. */
  async bodyOf(
    [by, role]: readonly [string, Role],
    path: string,
    command: { readonly act: string },
    signing: Signing = {},
  ): Promise<string> {
    const { nonce: given } = (await this.#sent('POST', '/api/v1/nonces')).body as { nonce: string }
    const waits = await this.#waiting(path, command)
    const {
      round = waits.round,
      digest = waits.digest,
      nonce = given,
      signer = by,
      subject = SUBJECTS[path] ?? path.replace(/^(case|contract)s\//, '$1/'),
    } = signing
    const signed = { by, role, round, digest, nonce }
    const proof = signAct({ ...signed, act: command.act, subject }, this.signerOf(signer))
    return JSON.stringify({ command, signed: { ...signed, proof } })
  }

  /** The same, of what has to be carried out. */
  async act(...asked: Parameters<RunningRegister['ask']>): Promise<Answered> {
    const done = await this.ask(...asked)
    const [[by], , { act }] = asked
    assert(done.status === 200, `${by}: ${act}: ${JSON.stringify(done.body)}`)
    return done
  }

  /** The same, of a case, as its command is in the code. */
  async onCase(by: readonly [string, Role], id: string, command: CaseCommand): Promise<Answered> {
    return await this.act(by, `cases/${id}`, z.encode(caseCommand, command) as { act: string })
  }

  async onContract(
    by: readonly [string, Role],
    id: string,
    command: ContractCommand,
  ): Promise<Answered> {
    return await this.act(
      by,
      `contracts/${id}`,
      z.encode(contractCommand, command) as { act: string },
    )
  }

  /** Round and digest that are signed for an act as things stand. */
  async #waiting(
    path: string,
    command: { readonly act: string },
  ): Promise<{ readonly round: number; readonly digest: Digest }> {
    if (command.act === 'case.approve') {
      return (await this.get(`/api/v1/${path}/determination`)).body as {
        round: number
        digest: Digest
      }
    }
    const { status, body } = await this.get(`/api/v1/${path}`)
    if (command.act === 'provider.approve') return body.state.proposal
    if (command.act === 'contract.sign') return body.state
    const digest = digestOf(sha256(canonicalJson(command)))
    return { round: status === 200 ? body.version : 0, digest }
  }

  /** What a question is answered once the bundle has taken all that has happened. */
  async decide(question: object): Promise<Answered> {
    await this.bundle.settled()
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(question)
    return await this.#sent('POST', '/access/v1/evaluation', { headers, body })
  }

  /** What is answered. Of the register's own API it is, each time, what the description says. */
  async #sent(
    method: 'GET' | 'POST',
    path: string,
    sent: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {},
  ): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, { method, ...sent })
    const { status, headers } = response
    const text = await response.text()
    const body: unknown = text === '' ? null : JSON.parse(text)
    const { pathname } = new URL(path, this.url)
    if (pathname.startsWith(API)) {
      const type = headers.get('content-type') ?? ''
      const own = pathname.slice(API.length)
      assertDescribed({ method, path: own, sent: sent.body, status, type, body })
    }
    return { status, etag: headers.get('etag'), body }
  }

  /** Stores the file that all findings name. */
  async storeEvidence(): Promise<void> {
    for (const { digest, 'media-type': type } of EVIDENCE) {
      const address = `${this.url}/api/v1/files/${digest.slice('sha256:'.length)}`
      const headers = { 'content-type': type }
      const stored = await fetch(address, { method: 'PUT', headers, body: EVIDENCE_TEXT })
      assert(stored.ok, `the evidence is not stored: ${await stored.text()}`)
    }
  }

  /** An operator, people in roles, and the example provider's documents as its first version. */
  async found(people: Readonly<Record<string, Role>>, customer: string): Promise<this> {
    await this.storeEvidence()
    const operator = ['operator', 'operator'] as const
    const begin = { act: 'people.begin', person: 'operator', key: this.keyOf('operator') }
    await this.act(operator, 'people', begin)
    for (const [person, role] of Object.entries(people)) {
      const of = role === 'customer-representative' ? { customer } : {}
      const register = { act: 'people.register', person, key: this.keyOf(person), ...of }
      await this.act(operator, 'people', register)
      const grant = { act: 'people.grant', person, role }
      await this.act(operator, 'people', grant)
    }
    return this
  }

  /** Publishes the example's documents, and its models with what was asserted of them. */
  async publish(
    author: string,
    approvers: Readonly<Record<string, Role>>,
    officer: string,
  ): Promise<void> {
    for (const { id, aliases, levels } of EXAMPLE.models.models) {
      const by = [officer, 'safeguards-officer'] as const
      await this.act(by, 'provider', { act: 'models.add', model: id, aliases } as { act: string })
      for (const level of levels) {
        const assertion = { ...level, from: new Date(Math.max(level.from, this.at)).toISOString() }
        await this.act(by, 'provider', { act: 'models.assert', model: id, assertion } as {
          act: string
        })
      }
    }
    const propose = { act: 'provider.propose', ...EXAMPLE_TEXTS }
    await this.act([author, 'policy-author'], 'provider', propose)
    for (const [person, role] of Object.entries(approvers)) {
      await this.act([person, role], 'provider', { act: 'provider.approve' })
    }
  }
}

function thrown(error: Error): void {
  throw error
}

const SUBJECTS: Readonly<Record<string, string>> = {
  people: 'people/people',
  provider: 'provider/provider',
}
