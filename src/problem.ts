/** Where in a document: member names and list positions from the top. */
export type Path = readonly (string | number)[]

/** One thing wrong with a document, or worth a warning, in terms of the document (semantics §9.3). */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly path: Path
  /** Whether the name of the last member of the path is meant, rather than its value. */
  readonly atKey?: boolean
  /** A sentence that says what to do. */
  readonly message: string
}

/** Collects the problems of one document; checks report here and go on. */
export interface Report {
  error(code: string, path: Path, message: string): void
  errorAtKey(code: string, path: Path, message: string): void
  warning(code: string, path: Path, message: string): void
}

export function newReport(): Report & { readonly problems: Problem[] } {
  const problems: Problem[] = []
  const add = (problem: Problem): void => void problems.push(problem)
  return {
    problems,
    error: (code, path, message) => add({ severity: 'error', code, path, message }),
    errorAtKey: (code, path, message) =>
      add({ severity: 'error', code, path, message, atKey: true }),
    warning: (code, path, message) => add({ severity: 'warning', code, path, message }),
  }
}
