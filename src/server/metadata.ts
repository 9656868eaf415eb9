import { fail, ok, type Result } from '../result.ts'
import { quote } from '../suggest.ts'

// What a decision point says of itself (AuthZEN §9, docs/authzen.md).

/** The URL that a decision point is known by: https, save where it is known on its own machine alone. */
export type PublicUrl = string & { readonly public: unique symbol }

export interface PublicUrlError {
  readonly code: 'malformed-public-url'
  readonly message: string
}

/** Longest public URL, in characters. */
const PUBLIC_URL_CHARS_MAX = 512

/**
 * Reads the identifier of a decision point: `https`, no query, no fragment (AuthZEN §9.1.1). Whoever uses
 * one compares it with the document's as text (§9.2.3), so that only one way to write a URL is taken.
 */
export function parsePublicUrl(text: string): Result<PublicUrl, PublicUrlError> {
  if (text.length > PUBLIC_URL_CHARS_MAX) {
    return refuse(`a public URL has at most ${PUBLIC_URL_CHARS_MAX} characters`)
  }
  const said = quote(text)
  if (!URL.canParse(text)) return refuse(`${said} is no URL; write one as https://pdp.example.com`)
  const { protocol, username, password, href, pathname } = new URL(text)
  if (username !== '' || password !== '') {
    return refuse('a public URL names no user; leave that out')
  }
  if (protocol !== 'https:') return refuse(`${said} does not begin with https://`)
  if (/[?#]/.test(text)) return refuse(`${said} has a query or a fragment; leave it out`)
  const canonical = href.replace(/\/+$/, '')
  if (text !== canonical)
    return refuse(`${said} is not as it is compared; write ${quote(canonical)}`)
  if (pathname !== '/' && !PLAIN_PATH.test(pathname)) {
    return refuse(`the path of ${said} has more than letters, digits, - . _ ~ between its slashes`)
  }
  return ok(text as PublicUrl)
}

/** What every router and proxy reads alike (RFC 3986 §2.3). */
const PLAIN_PATH = /^(\/[A-Za-z0-9._~-]+)+$/

function refuse(message: string): Result<never, PublicUrlError> {
  return fail({ code: 'malformed-public-url', message })
}

export const WELL_KNOWN = '/.well-known/authzen-configuration'

/** The address that a server listens at, for one that has no public URL. */
export function localUrl(address: string): PublicUrl {
  return address as PublicUrl
}

/** Where the document is, with the identifier's own path after it (AuthZEN §9.2). */
export function metadataPath(url: PublicUrl): string {
  const { pathname } = new URL(url)
  return pathname === '/' ? WELL_KNOWN : `${WELL_KNOWN}${pathname}`
}

export interface Metadata {
  readonly policy_decision_point: string
  readonly access_evaluation_endpoint: string
  readonly access_evaluations_endpoint: string
  readonly search_subject_endpoint: string
  readonly search_resource_endpoint: string
  readonly search_action_endpoint: string
  /** Of AuthZEN's draft profile for obligations, §6. */
  readonly supported_obligations: readonly ['custom']
}

/** The document of `/.well-known/authzen-configuration`. What has no value is left out (AuthZEN §9.2.2). */
export function metadataOf(url: PublicUrl): Metadata {
  return {
    policy_decision_point: url,
    access_evaluation_endpoint: `${url}${ENDPOINTS.evaluation}`,
    access_evaluations_endpoint: `${url}${ENDPOINTS.evaluations}`,
    search_subject_endpoint: `${url}${ENDPOINTS.searchSubject}`,
    search_resource_endpoint: `${url}${ENDPOINTS.searchResource}`,
    search_action_endpoint: `${url}${ENDPOINTS.searchAction}`,
    supported_obligations: ['custom'],
  }
}

/** The specification's default paths (AuthZEN §10.1), below the public URL. */
export const ENDPOINTS = {
  evaluation: '/access/v1/evaluation',
  evaluations: '/access/v1/evaluations',
  searchSubject: '/access/v1/search/subject',
  searchResource: '/access/v1/search/resource',
  searchAction: '/access/v1/search/action',
} as const
