/** Names longer than this are never compared: a bound on the work a bad name can cause, in characters. */
const COMPARED_CHARS_MAX = 128

/** Most names compared for one suggestion. */
const COMPARED_NAMES_MAX = 5_000

/** ` Did you mean …?` with the known name nearest to a mistyped one, or nothing when none is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? '' : `; did you mean \`${nearest}\`?`
}

function nearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > COMPARED_CHARS_MAX) return undefined
  let nearest: string | undefined
  let least = Math.max(1, Math.floor(name.length / 3)) + 1
  let compared = 0
  for (const candidate of known) {
    if (++compared > COMPARED_NAMES_MAX) break
    // Texts are at least as far apart as their lengths are.
    if (Math.abs(candidate.length - name.length) >= least) continue
    const distance = editDistance(name, candidate)
    if (distance < least) {
      nearest = candidate
      least = distance
    }
  }
  return nearest
}

/** Levenshtein distance: the fewest single-character edits from one text to the other. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}

/** User input for a message: shortened, in backticks, with control characters made visible. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text
  return `\`${short.replace(/[\p{C}`]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)}\``
}
