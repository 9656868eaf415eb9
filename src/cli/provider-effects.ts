import { type Arguments, EXIT } from './command.ts'
import { counted, isRead, warn, writeJson, writeLine } from './output.ts'
import type { Answer, RegisterClient } from './register-client.ts'

/** What is read of a page of effects (docs/register.md). */
interface Page {
  readonly digest: string
  readonly version: string
  readonly effective: string
  readonly replaces: string | null
  readonly items: readonly Effect[]
  readonly next: string | null
}

interface Effect {
  readonly contract: string
  readonly customer: string
  readonly state: string
  readonly lapses: readonly { tailoring: string; field: string; id: string; why: string }[]
  readonly unreached: readonly { readonly tailoring: string; readonly deployment: string }[]
  readonly problems: readonly {
    path?: readonly (string | number)[]
    code: string
    message: string
  }[]
}

/**
 * Prints what contracts would lose by the version that waits, each page as it comes; as JSON a page with something on it
 * a line. Returns an answer that is none of these.
 */
export async function showEffects(
  client: RegisterClient,
  args: Arguments,
): Promise<Answer | number> {
  let digest: string | undefined
  let count = 0
  for (let cursor = ''; isRead(); ) {
    const answer = await client.get(`provider/proposal/effects${cursor}`)
    if (answer.status !== 200) return answer
    const page = answer.body as Page
    if (digest !== undefined && page.digest !== digest) {
      warn('proviso: another version waits now; begin again')
      return EXIT.no
    }
    await (args.json ? printJson(page, digest) : print(page, digest))
    digest = page.digest
    count += page.items.length
    if (page.next === null) break
    cursor = `?cursor=${encodeURIComponent(page.next)}`
  }
  if (!args.json) await writeLine(`${counted(count, 'contract')} would lose something.`)
  return EXIT.done
}

async function printJson(page: Page, before: string | undefined): Promise<void> {
  if (before === undefined || page.items.length > 0) await writeJson(page)
}

async function print(page: Page, before: string | undefined): Promise<void> {
  const { version, effective, replaces, items } = page
  if (before === undefined) {
    const instead = replaces === null ? '' : ` in place of ${replaces}`
    await writeLine(`Version ${version} takes effect ${effective}${instead}.`)
  }
  for (const effect of items) await writeLine(textOf(effect))
}

function textOf({ contract, customer, state, lapses, unreached, problems }: Effect): string {
  return [
    `${contract}  ${customer}  ${state}`,
    ...lapses.map(({ tailoring, field, id, why }) => `  ${tailoring}: ${field} ${id}: ${why}`),
    ...unreached.map(
      ({ tailoring, deployment }) => `  ${tailoring}: nothing is left on ${deployment}`,
    ),
    ...problems.map(({ path = [], code, message }) => `  ${path.join('.')}: ${code}: ${message}`),
  ].join('\n')
}
