import * as z from 'zod'
import { CONTRACT_REFUSALS } from '../contract/contract-refusals.ts'
import { CASE_REFUSALS } from '../review/case-refusals.ts'
import { PEOPLE_REFUSALS } from '../review/people.ts'
import { PROVIDER_REFUSALS } from '../review/provider-register.ts'
import { digest, id } from '../shape.ts'
import { bundleQuery, offersQuery } from './bundle-feed.ts'
import type { Scope } from './keys.ts'
import { effectsQuery } from './register-effects.ts'
import { LIST_QUERIES, pageQuery } from './register-list.ts'
import type { RegisterRefusal } from './register-refusals.ts'

// The register's API as one table: it is served by `register-routes.ts` and described by `openapi.ts`.

/** Headers that a route reads, besides those of HTTP itself. */
export type Header = 'If-Match' | 'If-None-Match' | 'Idempotency-Key' | 'Last-Event-ID'

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Below /api/v1, parameters in braces. */
  readonly path: string
  readonly summary: string
  /** For whoever asks, without a key. */
  readonly isOpen?: true
  /** The scope of the key that it takes: `register` unless said. */
  readonly scope?: Scope
  readonly query?: z.ZodObject
  readonly headers?: readonly Header[]
  /** An act on a thing of a kind, or a file; absent: none. */
  readonly body?: { readonly actOn: string } | 'file'
  /** A file is on its way while it is answered. */
  readonly isTransfer?: true
  /** What comes of it, by status: JSON of a shape, or bytes of a media type; null: no body. */
  readonly answers: Readonly<Record<number, z.ZodType | string | null>>
  /** Codes with which it refuses, besides those of any request. */
  readonly codes: readonly RegisterRefusal[]
}

const instant = z.string().meta({ format: 'date-time' })
const version = z.number().int().min(0)
const kept = z
  .looseObject({})
  .meta({ description: 'What it has come to by its events (docs/register.md)' })

const thing = z.strictObject({ kind: z.string(), id, version, state: kept })
const next = z.string().nullable().meta({ description: 'The cursor of the next page' })

const acts = z.strictObject({
  items: z.array(
    z.looseObject({
      by: id,
      role: z.string(),
      at: instant,
      round: z.number().int(),
      digest,
      nonce: z.string(),
      version,
      event: z.looseObject({ type: z.string() }),
      entry: z.number().int().nullable().meta({
        description: 'Its entry in the governance log; null before it is there',
      }),
      opening: z
        .strictObject({ key: z.string(), text: z.string() })
        .nullable()
        .meta({ description: 'What opens the commitment of that entry; null while there is none' }),
    }),
  ),
  next,
})

const listed = z.strictObject({
  items: z.array(z.strictObject({ id, customer: id, state: z.string().nullable(), version })),
  next,
})

const place = z.strictObject({ tailoring: id, deployment: id })
const lapse = z.strictObject({
  contract: id,
  tailoring: id,
  field: z.enum(['lifts', 'uses']),
  id,
  why: z.string(),
})

const effects = z.strictObject({
  round: z.number().int(),
  digest,
  version: z.string(),
  effective: instant,
  replaces: z.string().nullable(),
  items: z.array(
    z.strictObject({
      contract: id,
      customer: id,
      state: z.string(),
      lapses: z.array(lapse).meta({ description: 'What the version has no place for' }),
      unreached: z.array(place).meta({ description: 'Where a tailoring would reach nothing' }),
      problems: z
        .array(z.looseObject({ code: z.string(), message: z.string() }))
        .meta({ description: 'Errors for which the whole contract would be left out' }),
    }),
  ),
  next,
})

const file = z.strictObject({ digest, 'media-type': z.string(), size: z.number().int() })

const ACT_CODES = [
  'malformed-json',
  'malformed-command',
  'malformed-header',
  'unknown-act',
  'wrong-digest',
  'wrong-signature',
  'nonce-unknown',
  'nonce-served',
  'nonce-expired',
  'idempotency-key-reused',
  'version-conflict',
  'person-unknown',
  'person-left',
  'not-permitted',
  'role-conflict',
] as const satisfies readonly RegisterRefusal[]

function codesOf(...refusals: readonly object[]): readonly RegisterRefusal[] {
  return refusals.flatMap((one) => Object.keys(one) as RegisterRefusal[])
}

function read(path: string, what: string): Operation {
  return {
    method: 'GET',
    path,
    summary: `${what} as it stands`,
    headers: ['If-None-Match'],
    answers: { 200: thing, 304: null },
    codes: ['not-found'],
  }
}

/** What is signed is the digest of a text, which anybody computes anew. */
function readText(path: string, summary: string): Operation {
  return {
    method: 'GET',
    path,
    summary,
    answers: { 200: z.strictObject({ round: z.number().int(), digest, text: z.string() }) },
    codes: ['not-found'],
  }
}

function readActs(path: string, what: string): Operation {
  return {
    method: 'GET',
    path: `${path}/acts`,
    summary: `What was done to ${what}, by whom, the first act first`,
    query: pageQuery,
    answers: { 200: acts },
    codes: ['not-found', 'malformed-query'],
  }
}

interface Acting {
  readonly path: string
  readonly what: string
  readonly actOn: string
  readonly codes: readonly RegisterRefusal[]
}

function doAct({ path, what, actOn, codes }: Acting): Operation {
  return {
    method: 'POST',
    path: `${path}/acts`,
    summary: `Does something to ${what}, as a person has signed it`,
    headers: ['If-Match', 'Idempotency-Key'],
    body: { actOn },
    answers: { 200: thing },
    codes: [...ACT_CODES, ...codes],
  }
}

function readList(path: string, what: string, query: z.ZodObject): Operation {
  return {
    method: 'GET',
    path,
    summary: `${what} by id, as they stand at the instant of asking`,
    query,
    answers: { 200: listed },
    codes: ['malformed-query'],
  }
}

const CASE_CODES = ['not-found', 'no-policy', 'file-missing', ...codesOf(CASE_REFUSALS)] as const
const CONTRACT_CODES: readonly RegisterRefusal[] = [
  'not-found',
  'no-policy',
  'file-missing',
  ...codesOf(CONTRACT_REFUSALS, CASE_REFUSALS),
]

/** By name. */
export const OPERATIONS = {
  readDescription: {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This description',
    isOpen: true,
    answers: { 200: z.looseObject({ openapi: z.string() }) },
    codes: [],
  },
  takeNonce: {
    method: 'POST',
    path: '/nonces',
    summary: 'A nonce to sign one act with',
    answers: { 201: z.strictObject({ nonce: z.string(), expires: instant }) },
    codes: [],
  },
  readPeople: read('/people', 'Everybody'),
  readPeopleActs: readActs('/people', 'the people'),
  actOnPeople: doAct({
    path: '/people',
    what: 'the people',
    actOn: 'people',
    codes: codesOf(PEOPLE_REFUSALS),
  }),
  readProvider: read('/provider', 'What the provider has published and asserted'),
  readProviderActs: readActs('/provider', 'the provider’s documents'),
  actOnProvider: doAct({
    path: '/provider',
    what: 'the provider’s documents',
    actOn: 'provider',
    codes: codesOf(PROVIDER_REFUSALS),
  }),
  readEffects: {
    method: 'GET',
    path: '/provider/proposal/effects',
    summary: 'What contracts would lose by the version that waits, some of them at a time',
    query: effectsQuery,
    answers: { 200: effects },
    codes: ['not-found', 'malformed-query'],
  },
  listCases: readList('/cases', 'Cases', LIST_QUERIES.case),
  readCase: read('/cases/{id}', 'A case'),
  readCaseActs: readActs('/cases/{id}', 'a case'),
  actOnCase: doAct({ path: '/cases/{id}', what: 'a case', actOn: 'case', codes: CASE_CODES }),
  readDetermination: readText('/cases/{id}/determination', 'What the approvers of a case sign'),
  keepFile: {
    method: 'PUT',
    path: '/files/{digest}',
    summary: 'Keeps a file that findings, duties and incidents name, by the SHA-256 of its bytes',
    body: 'file',
    isTransfer: true,
    answers: { 200: file, 201: file },
    codes: ['not-found', 'file-differs', 'files-full', 'busy'],
  },
  readFile: {
    method: 'GET',
    path: '/files/{digest}',
    summary: 'A file, to be saved and not to be shown',
    isTransfer: true,
    answers: { 200: '*/*' },
    codes: ['not-found', 'busy'],
  },
  listContracts: readList('/contracts', 'Contracts', LIST_QUERIES.contract),
  readContract: read('/contracts/{id}', 'A contract'),
  readTerms: readText('/contracts/{id}/terms', 'What both sides of a contract sign'),
  readContractActs: readActs('/contracts/{id}', 'a contract'),
  actOnContract: doAct({
    path: '/contracts/{id}',
    what: 'a contract',
    actOn: 'contract',
    codes: CONTRACT_CODES,
  }),
  readOffer: {
    method: 'GET',
    path: '/bundle/offer',
    summary: 'Which bundle decision points may use, until when, and where the log says so',
    scope: 'decision-point',
    answers: { 200: z.strictObject({ lease: z.string(), entry: z.string(), proof: z.string() }) },
    codes: ['no-bundle'],
  },
  hearOffers: {
    method: 'GET',
    path: '/bundle/offers',
    summary: 'Each offer as it comes, with what has changed since the one before',
    scope: 'decision-point',
    query: offersQuery,
    answers: { 200: 'text/event-stream' },
    codes: ['malformed-query', 'busy'],
  },
  readBundle: {
    method: 'GET',
    path: '/bundle',
    summary: 'A bundle that is offered, or what has changed in it since another',
    scope: 'decision-point',
    query: bundleQuery,
    answers: { 200: 'application/x-ndjson' },
    codes: ['malformed-query', 'not-found', 'no-bundle'],
  },
  hearChanges: {
    method: 'GET',
    path: '/events',
    summary: 'Each change after one, as it comes, by its number',
    query: z.strictObject({ after: z.string().regex(/^\d+$/).optional() }),
    headers: ['Last-Event-ID'],
    answers: { 200: 'text/event-stream' },
    codes: ['malformed-query', 'busy'],
  },
} as const satisfies Readonly<Record<string, Operation>>

export type OperationName = keyof typeof OPERATIONS
