/** A folder of a version, as JSON and as a page. */

import { escaped } from '../../base/html.ts'
import { isoTime } from '../../base/words.ts'
import type { ContentFile, ContentFolder } from '../../node/contents/content-tree.ts'

export interface Listing {
  readonly name: string
  readonly version: string
  readonly ordinal: number
  readonly publishedAtMs: number
  /** Components; none for the root of the version. */
  readonly path: readonly string[]
  readonly entries: readonly ListedEntry[]
}

export interface ListedEntry {
  readonly name: string
  readonly kind: 'folder' | 'file' | 'link'
  /** Null for a folder, and for a link. */
  readonly bytes: number | null
}

/** Folders first. */
export function listedEntries({ folders, files }: ContentFolder): ListedEntry[] {
  const listed = (file: ContentFile): ListedEntry =>
    file.symlink === undefined
      ? { name: lastOf(file), kind: 'file', bytes: file.bytes }
      : { name: lastOf(file), kind: 'link', bytes: null }
  return [
    ...[...folders].map((name): ListedEntry => ({ name, kind: 'folder', bytes: null })),
    ...[...files.values()].map(listed)
  ]
}

const STYLE = [
  'body{font-family:system-ui,sans-serif;margin:2rem}',
  'td,th{text-align:left;padding:.2rem 2rem .2rem 0}',
  'td:last-child{font-variant-numeric:tabular-nums}'
].join('')

export function listingPage({ name, version, ordinal, publishedAtMs, path, entries }: Listing): string {
  const title = escaped([`${name}@${ordinal}`, ...path].join('/'))
  const rows = entries.map(entry => {
    const slash = entry.kind === 'folder' ? '/' : ''
    // Without ./ a name with a colon would be a scheme.
    const link = `<a href="./${encodeURIComponent(entry.name)}${slash}">${escaped(entry.name)}${slash}</a>`
    const size = entry.bytes === null ? entry.kind : `${entry.bytes} B`
    return `<tr><td>${link}</td><td>${size}</td></tr>`
  })
  const up = path.length === 0 ? '' : '<p><a href="../">Folder above</a></p>\n'
  const table = `<table>
<thead><tr><th scope="col">Name</th><th scope="col">Size</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
  const content = rows.length === 0 ? '<p>Nothing is in this folder.</p>' : table
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>Version ${escaped(version)}, published ${isoTime(publishedAtMs)}.</p>
${up}${content}
</main>
</body>
</html>
`
}

function lastOf({ path }: ContentFile): string {
  return path.at(-1) ?? ''
}
