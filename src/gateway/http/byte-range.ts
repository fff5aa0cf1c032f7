/**
 * The Range header of a request for a file (RFC 9110, section 14): which bytes are to be sent.
 *
 * Several ranges are not answered part by part: a server may ignore the header, and what asks so for a file has the
 * whole of it to gain. Ranges that touch or overlap and so are one are answered as one.
 */

export type RangeDecision =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly offset: number; readonly bytes: number }
  | { readonly kind: 'unsatisfiable' }

/** Specifications in one header; with more it is ignored. */
const RANGES_MAX = 16
const RANGE = /^(\d{1,15})-(\d{1,15})?$|^-(\d{1,15})$/
const WHOLE = { kind: 'whole' } as const

/** `header` undefined is for none. What is malformed or of another unit is ignored, as the standard says. */
export function decideRange(header: string | undefined, fileBytes: number): RangeDecision {
  const [, listed] = /^bytes=(.*)$/i.exec(header ?? '') ?? []
  if (listed === undefined) return WHOLE
  const specs = listed
    .split(',')
    .map(spec => spec.trim())
    .filter(spec => spec !== '')
  if (specs.length === 0 || specs.length > RANGES_MAX) return WHOLE
  const spans: { first: number; end: number }[] = []
  for (const spec of specs) {
    const span = spanOf(spec, fileBytes)
    if (span === undefined) return WHOLE
    if (span.first < span.end) spans.push(span)
  }
  spans.sort((a, b) => a.first - b.first)
  const [joined, ...rest] = spans
  if (joined === undefined) return { kind: 'unsatisfiable' }
  for (const span of rest) {
    if (span.first > joined.end) return WHOLE
    joined.end = Math.max(joined.end, span.end)
  }
  return { kind: 'part', offset: joined.first, bytes: joined.end - joined.first }
}

/** Empty when there is nothing of it in the file; undefined when it is malformed. */
function spanOf(spec: string, fileBytes: number): { first: number; end: number } | undefined {
  const found = RANGE.exec(spec)
  if (found === null) return undefined
  const [, from, to, suffix] = found
  if (suffix !== undefined) return { first: Math.max(0, fileBytes - Number(suffix)), end: fileBytes }
  const first = Number(from)
  const last = to === undefined ? fileBytes - 1 : Number(to)
  if (to !== undefined && last < first) return undefined
  return { first, end: Math.min(last + 1, fileBytes) }
}
