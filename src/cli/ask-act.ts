import { fail, ok, type Result } from '../result.ts'
import type { Arguments } from './command.ts'
import { warn } from './output.ts'
import {
  type Answer,
  digestOfCommand,
  type RegisterClient,
  type Waiting,
} from './register-client.ts'
import { actorOf } from './register-options.ts'
import { isOnDocument, toSign } from './to-sign.ts'

/** An act on a thing. */
export interface Wanted {
  /** Below /api/v1, such as `cases/case-17`. */
  readonly path: string
  /** Such as `case/case-17`. */
  readonly subject: string
  readonly command: { readonly act: string }
}

/** Has somebody sign an act, and asks the register for it. */
export async function askAct(
  client: RegisterClient,
  args: Arguments,
  { path, subject, command }: Wanted,
): Promise<Answer> {
  const actor = actorOf(args)
  const waiting = isOnDocument(command.act)
    ? await documentWaiting(client, args, { path, subject, command })
    : await versionSeen(client, path, command)
  if (!waiting.ok) return waiting.error
  return await client.act({ actor, path, subject, command, waiting: waiting.value })
}

async function documentWaiting(
  client: RegisterClient,
  args: Arguments,
  { path, subject, command }: Wanted,
): Promise<Result<Waiting, Answer>> {
  const [, id = ''] = subject.split('/')
  const waiting = await toSign(client, command.act, { path, id })
  if (!waiting.ok) return waiting
  const { round, digest } = waiting.value
  const expected = args.text('expect')
  if (expected !== undefined && expected !== digest) {
    const detail = `what waits has the digest ${digest}, and not the one expected; read it again`
    return fail({ status: 409, body: { code: 'document-differs', detail } })
  }
  warn(`signing round ${round}, ${digest}`)
  return ok({ round, digest })
}

async function versionSeen(
  client: RegisterClient,
  path: string,
  command: object,
): Promise<Result<Waiting, Answer>> {
  const shown = await client.get(path)
  if (shown.status !== 200 && shown.status !== 404) return fail(shown)
  const round = shown.status === 200 ? (shown.body as { version: number }).version : 0
  return ok({ round, digest: digestOfCommand(command) })
}
