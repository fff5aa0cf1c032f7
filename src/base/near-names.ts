/** Names that somebody may have meant who wrote another one. */

const NEAR_MAX = 3

/** The nearest first: those that differ by few letters, or that the text is a part of. */
export function nearNames(text: string, names: Iterable<string>): string[] {
  const wanted = text.toLowerCase()
  const differencesMax = Math.max(1, Math.floor(wanted.length / 3))
  return [...new Set(names)]
    .map(name => ({ name, differences: differencesOf(wanted, name.toLowerCase()) }))
    .filter(
      ({ name, differences }) =>
        differences <= differencesMax || (wanted.length > 2 && name.toLowerCase().includes(wanted))
    )
    .sort((a, b) => a.differences - b.differences || (a.name < b.name ? -1 : 1))
    .slice(0, NEAR_MAX)
    .map(({ name }) => name)
}

/** "; did you mean a or b?", or nothing. */
export function didYouMean(text: string, names: Iterable<string>): string {
  const near = nearNames(text, names)
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`
}

/** Letters to insert, remove or replace, with two that changed places as one. */
function differencesOf(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const now = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      const replaced = at(last, column - 1) + (isSame ? 0 : 1)
      const isSwapped = column > 1 && row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      const swapped = isSwapped ? at(beforeLast, column - 2) + 1 : replaced
      now.push(Math.min(replaced, swapped, at(last, column) + 1, at(now, column - 1) + 1))
    }
    ;[beforeLast, last] = [last, now]
  }
  return at(last, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
