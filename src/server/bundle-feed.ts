import { Readable, type Writable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as z from 'zod'
import type { Bundle } from '../decision/bundle.ts'
import { type BundleOutline, outlineOf, printDelta } from '../decision/bundle-delta.ts'
import { printBundle } from '../decision/bundle-file.ts'
import type { Digest, Sha256 } from '../digest.ts'
import { digest } from '../shape.ts'
import { EventStreams, streamOf } from './event-streams.ts'
import type { Offered, RegisterBundle } from './register-bundle.ts'
import { refuseListener } from './register-changes.ts'
import { readQuery } from './register-list.ts'
import { refuseAct } from './register-problem.ts'

// A register's bundle for decision points elsewhere: pushed as it changes, and there to be asked for (docs/register.md).

/** Bundles, the newest ones, from which it is said what has changed since. */
const OUTLINES_MAX = 64

/** Longest delta that goes with an offer, in characters; a longer one is asked for. */
const PUSHED_CHARS_MAX = 262_144

/** By what offers are listened to: the bundle that a decision point holds. */
export const offersQuery = z.strictObject({ from: digest.optional() })

/** By what a bundle is asked for: the one that it is, and the one that a decision point holds. */
export const bundleQuery = z.strictObject({ is: digest, from: digest.optional() })

interface Listener {
  readonly to: Writable
  /** The bundle that it has when it has taken all that it was told. */
  holds: string | undefined
  told: Offered | undefined
}

export class BundleFeed {
  readonly #source: Pick<RegisterBundle, 'offered' | 'onOffered'>
  readonly #sha256: Sha256
  readonly #streams: EventStreams
  readonly #stop: () => void
  readonly #outlines = new Map<string, BundleOutline>()
  /** The delta that was printed last: most listeners hold the same. */
  #delta: { from: string; to: Digest; lines: readonly string[] | undefined } | undefined

  constructor(
    source: Pick<RegisterBundle, 'offered' | 'onOffered'>,
    sha256: Sha256,
    beatMs: number,
  ) {
    this.#source = source
    this.#sha256 = sha256
    this.#streams = new EventStreams(beatMs)
    this.#stop = source.onOffered(() => this.#tell())
    this.#tell()
  }

  close(): void {
    this.#stop()
    this.#streams.close()
  }

  /** Answers with what is offered now. */
  giveOffer(reply: FastifyReply): FastifyReply {
    const { offered } = this.#source
    if (!offered) return refuseNone(reply)
    return reply.header('cache-control', 'no-store').send(offered.offer)
  }

  /** Answers with a stream of offers, each with what has changed since the one before. */
  hearOffers({ query }: FastifyRequest, reply: FastifyReply): FastifyReply {
    const read = readQuery(offersQuery, query)
    if (!read.ok) return refuseAct(reply, read.error)
    if (!this.#streams.hasRoom) return refuseListener(reply)
    const to = streamOf(reply)
    const listener = { to, holds: read.value.from, told: undefined }
    this.#streams.open(to, () => this.#goOn(listener))
    return reply
  }

  /** Answers with a bundle that is offered, or what has become of it since the one that is held. */
  giveBundle({ query }: FastifyRequest, reply: FastifyReply): FastifyReply {
    const read = readQuery(bundleQuery, query)
    if (!read.ok) return refuseAct(reply, read.error)
    const { is, from } = read.value
    const { offered } = this.#source
    if (!offered) return refuseNone(reply)
    const bundle = [offered.bundle, offered.published].find((one) => one.digest === is)
    if (!bundle) {
      const message = 'no such bundle is offered any more; ask what is offered now'
      return refuseAct(reply, { code: 'not-found', message })
    }
    const lines = this.#deltaOf(from, bundle) ?? printBundle(bundle, this.#sha256)
    reply.header('cache-control', 'no-store').type('application/x-ndjson')
    return reply.send(Readable.from(lines))
  }

  #tell(): void {
    const { offered } = this.#source
    for (const bundle of offered ? [offered.published, offered.bundle] : []) {
      this.#outlines.delete(bundle.digest)
      this.#outlines.set(bundle.digest, outlineOf(bundle))
    }
    for (const oldest of this.#outlines.keys()) {
      if (this.#outlines.size <= OUTLINES_MAX) break
      this.#outlines.delete(oldest)
    }
    this.#streams.tellAll()
  }

  #goOn(listener: Listener): void {
    const { to, holds, told } = listener
    const { offered } = this.#source
    if (!offered || told === offered || !to.writable || to.writableNeedDrain) return
    const { digest: next } = offered.bundle
    const delta = holds === next ? undefined : this.#deltaOf(holds, offered.bundle)?.join('')
    const isPushed = delta !== undefined && delta.length <= PUSHED_CHARS_MAX
    to.write(`data: ${JSON.stringify({ ...offered.offer, ...(isPushed ? { delta } : {}) })}\n\n`)
    listener.told = offered
    listener.holds = next
  }

  #deltaOf(from: string | undefined, to: Bundle): readonly string[] | undefined {
    const outline = from === undefined ? undefined : this.#outlines.get(from)
    if (from === undefined || outline === undefined) return undefined
    if (this.#delta?.from !== from || this.#delta.to !== to.digest) {
      this.#delta = { from, to: to.digest, lines: printDelta(outline, to, this.#sha256) }
    }
    return this.#delta.lines
  }
}

function refuseNone(reply: FastifyReply): FastifyReply {
  reply.header('retry-after', 1)
  const message = 'there is no bundle yet that the governance log shows to be published'
  return refuseAct(reply, { code: 'no-bundle', message })
}
