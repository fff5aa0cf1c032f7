/** What `access list` shows of one version, and of one device: who may read it, what it may read, and when it last did. */

import type { ReadableVersion, Reader, Readers } from '../../api/custody.ts'
import { shortId } from '../../base/ids.ts'
import { named } from '../acted.ts'
import { type Column, isoTime, type Paint, plural, printable, renderTable } from '../text.ts'

const BECAUSE = {
  class: 'every member may',
  reader: 'has the role reader',
  owner: 'owns the dataset',
  publisher: 'published it',
  admin: 'is an admin',
  grant: 'has a grant'
} as const

const why = ({ because, grant, purpose }: Pick<Reader, 'because' | 'grant' | 'purpose'>): string =>
  `${BECAUSE[because]}${grant === null ? '' : ` (${shortId(grant)})`}${purpose === null ? '' : ` for ${purpose}`}`

const lastRead = ({
  lastRead: last,
  readsKnownSinceMs: since
}: Pick<Reader, 'lastRead' | 'readsKnownSinceMs'>) => {
  if (last?.by === 'server') return `${isoTime(last.atMs)}, by who served it`
  if (last !== null) return `${isoTime(last.atMs)}${since === null ? ', or since' : ''}`
  if (since === null) return 'unknown'
  return since === 0 ? 'never' : `not since ${isoTime(since)}`
}

const READER_COLUMNS: readonly Column<Reader>[] = [
  { title: 'DEVICE', value: named },
  { title: 'SITE', value: row => row.site ?? '-' },
  { title: 'ID', value: row => shortId(row.device) },
  { title: 'LAST READ', value: lastRead },
  { title: 'WHY', value: why }
]
const READABLE_COLUMNS: readonly Column<ReadableVersion>[] = [
  { title: 'DATASET', value: row => row.name },
  { title: 'VERSION', value: row => shortId(row.version) },
  { title: 'CLASS', value: row => row.dataClass },
  { title: 'LAST READ', value: lastRead },
  { title: 'WHY', value: why }
]

export function renderReaders({ name, ordinal, closed, devices, groups }: Readers, paint: Paint): string[] {
  const title = `${name}@${ordinal}`
  if (closed !== null) return [`nobody may read ${printable(title)}: ${printable(closed.detail)}`]
  return [
    `${plural(devices.length, 'device')} may read ${printable(title)}`,
    ...renderTable(devices, READER_COLUMNS, paint),
    ...groups.map(
      group => `granted to the group ${printable(group.name)}: ${group.grants.map(shortId).join(', ')}`
    )
  ]
}

export function renderReadable(versions: readonly ReadableVersion[], paint: Paint): string[] {
  return versions.length === 0 ? ['it may read nothing'] : renderTable(versions, READABLE_COLUMNS, paint)
}
