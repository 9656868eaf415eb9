import { hash } from 'node:crypto'
import { compareIds } from '../ids.ts'
import type { Verifier } from '../log/key.ts'
import { openNote } from '../log/note.ts'
import { type Signer, signNote } from '../log/signer.ts'
import { fail, ok, type Result } from '../result.ts'
import { type Instant, parseInstant, printInstantShort } from '../time.ts'

// What a publisher signs of a directory or a bundle file (docs/serve.md).

const FORMAT = 'proviso/publication@1'

/** Where the signature of a directory stands in it. */
export const DIRECTORY_SIGNATURE = 'publisher.sig'

/** How the one file of a publication that is a bundle is called in its listing. */
export const BUNDLE_NAME = 'bundle'

/** A publisher's word on which documents are in force, and which of several words is the latest. */
export interface Publication {
  readonly serial: number
  readonly issuedAt: Instant
  /** From then on exceptions stop; null: never. */
  readonly validUntil: Instant | null
  /** `sha256:` of the listing. */
  readonly digest: string
}

/** SHA-256 of a listing as `sha256sum` writes it: digest, two spaces, name, in order of name. */
export function listingDigest(sha256s: ReadonlyMap<string, string>): string {
  const names = [...sha256s.keys()].sort(compareIds)
  const lines = names.map((name) => `${sha256s.get(name)}  ${name}\n`)
  return `sha256:${hash('sha256', lines.join(''), 'hex')}`
}

export function signPublication(publication: Publication, signer: Signer): string {
  const { serial, issuedAt, validUntil, digest } = publication
  const until = validUntil === null ? 'never' : printInstantShort(validUntil)
  const lines = [
    FORMAT,
    `serial ${serial}`,
    `issued ${printInstantShort(issuedAt)}`,
    `valid-until ${until}`,
    digest,
  ]
  return signNote(`${lines.join('\n')}\n`, signer)
}

/** What a signature says, when the publisher's key made it. */
export async function openPublication(
  note: string,
  publisher: Verifier,
): Promise<Result<Publication, { readonly code: string; readonly message: string }>> {
  const opened = await openNote(note, [publisher])
  if (!opened.ok) return opened
  const [, serial = '', issued = '', until = '', digest = ''] =
    PUBLICATION.exec(opened.value.text) ?? []
  const issuedAt = parseInstant(issued)
  const validUntil = until === 'never' ? null : parseInstant(until)
  if (issuedAt === undefined || validUntil === undefined) {
    return fail({ code: 'malformed-publication', message: `what is signed is no ${FORMAT}` })
  }
  return ok({ serial: Number(serial), issuedAt, validUntil, digest })
}

const PUBLICATION =
  /^proviso\/publication@1\nserial (0|[1-9]\d{0,14})\nissued (\S+)\nvalid-until (\S+)\n(sha256:[0-9a-f]{64})\n$/
