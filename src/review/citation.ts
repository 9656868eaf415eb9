import type { Application } from './application.ts'

type Citation = Application['authorities'][number]['citation']
type Scheme = Citation['scheme']

/** How a citation is written in each scheme (docs/semantics.md §12.1), and how to tell a reader. */
const SYNTAX: Readonly<Record<Scheme, { readonly pattern: RegExp; readonly advice: string }>> = {
  // European Legislation Identifier, Council conclusions 2012/C 325/02: a path below `/eli/`.
  eli: {
    pattern: /^(https?:\/\/[a-z0-9.-]+)?\/eli(\/[A-Za-z0-9][A-Za-z0-9._~-]*){2,12}$/,
    advice: 'write the path from `/eli/` on, or the whole address, as /eli/reg/2016/679/oj',
  },
  // European Case Law Identifier, Council conclusions 2011/C 127/01: country, court, year, number.
  ecli: {
    pattern: /^ECLI:[A-Z]{2}:[A-Z][A-Z0-9]{0,6}:[0-9]{4}:[A-Za-z0-9.]{1,25}$/,
    advice: 'write country, court, year and number between colons, as ECLI:EU:C:2014:317',
  },
  // United States Legislative Markup, reference model: code, public law, statutes at large, regulations.
  uslm: {
    pattern:
      /^\/us\/(usc\/t[0-9]+[a-z]?|cfr\/t[0-9]+|pl\/[0-9]+\/[0-9]+|stat\/[0-9]+\/[0-9]+)(\/[A-Za-z0-9._-]+)*$/,
    advice: 'write the path from `/us/` on, as /us/usc/t50/s1881a or /us/pl/110/261',
  },
  // Type, year (or regnal year, as Geo6/8-9) and number.
  'legislation-gov-uk': {
    pattern:
      /^https?:\/\/www\.legislation\.gov\.uk\/(id\/)?[a-z]{3,5}\/([0-9]{4}|[A-Za-z0-9]+\/[0-9-]+)\/[0-9]+(\/[A-Za-z0-9().-]+)*$/,
    advice: 'write the whole address, as https://www.legislation.gov.uk/ukpga/2016/25/section/102',
  },
  // RFC 9676: jurisdiction, authority, measure, date and number; then annex, version, form and part.
  'urn-lex': {
    pattern:
      /^urn:lex:[a-z0-9-]+(\.[a-z0-9-]+)*(;[a-z0-9.-]+)*(:[a-z0-9.;+-]+){2}:[0-9]{4}(-[0-9]{2}-[0-9]{2})?;[A-Za-z0-9.-]+(:[A-Za-z0-9.;-]+)*(@[A-Za-z0-9.;:-]+)?(\$[A-Za-z0-9.;:-]+)?(~[A-Za-z0-9.;-]+)?$/,
    advice:
      'write jurisdiction, authority, measure, then date and number, as urn:lex:it:stato:legge:2003-09-21;456',
  },
  // For what has no identifier. A text without two words names nothing that a reader could find.
  prose: {
    pattern: /\p{L}{2}\S*\s+\S*[\p{L}\p{N}]/u,
    advice: 'write in words what it is and which part of it, as Assessment Act, section 3',
  },
}

/** Longest citation, in characters: patterns are not tried on longer ones. */
const CITATION_CHARS_MAX = 1_000

/** How to write a citation that breaks the syntax of its scheme; undefined for one that does not. */
export function citationAdvice({
  scheme,
  id,
}: Pick<Citation, 'scheme' | 'id'>): string | undefined {
  const { pattern, advice } = SYNTAX[scheme]
  return id.length <= CITATION_CHARS_MAX && pattern.test(id) ? undefined : advice
}
