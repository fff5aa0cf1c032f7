/** Renders what the books have on the content of a version. */

import type { DeviceId } from '../../base/ids.ts'
import type { ContentScan } from '../operation/operation-content.ts'
import { compareCausal, type Placed } from './feed.ts'
import type { ContentBook } from './fold-books.ts'
import type { ContentEntry, ScanEntry, Taking } from './state.ts'
import type { Knows } from './subject.ts'

/** Undefined when nothing is said, or all of it is answered. */
export function contentOf(book: ContentBook, knows: Knows): ContentEntry | undefined {
  const scans = [...book.scans].sort(compareCausal)
  const found = scans.filter(scan => scanOf(scan)?.verdict === 'infected')
  const isReleased = (held: Placed) => [...book.releases].some(release => knows(release, held))
  const entry = {
    quarantines: takings([...book.quarantines, ...found].filter(held => !isReleased(held))),
    recalls: takings(book.recalls),
    erasures: takings(book.erasures),
    scans: lastWords(scans)
  }
  return Object.values(entry).every(said => said.length === 0) ? undefined : entry
}

export function takings(placed: Iterable<Placed>): Taking[] {
  return [...placed].sort(compareCausal).map(takingOf)
}

export function takingOf(placed: Placed): Taking {
  const { id, author, content, timeMs } = placed.operation
  const scan = scanOf(placed)
  const reason =
    scan === undefined
      ? content !== undefined && 'reason' in content
        ? content.reason
        : null
      : `a scan found ${scan.found ?? 'it infected'}`
  return { operation: id, by: author, reason, timeMs }
}

function lastWords(scans: readonly Placed[]): ScanEntry[] {
  const last = new Map<DeviceId, ScanEntry>()
  for (const placed of scans) {
    const { id, author, timeMs } = placed.operation
    const scan = scanOf(placed)
    if (scan === undefined) continue
    const { engine, database, verdict, found } = scan
    // Anew, so that those who spoke last come last.
    last.delete(author)
    last.set(author, { operation: id, by: author, engine, database, verdict, found, timeMs })
  }
  return [...last.values()]
}

function scanOf({ operation: { content } }: Placed): ContentScan | undefined {
  return content?.type === 'content.scan' ? content : undefined
}
