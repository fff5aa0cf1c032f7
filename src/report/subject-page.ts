/** What there is about a person as a page to print: one file, no script, nothing from anywhere, everything escaped. */

import type { SubjectRecord, SubjectVersion } from '../api/subject.ts'
import { escaped } from '../base/html.ts'
import { formatBytes, formatDuration } from '../base/units.ts'
import { isoTime, named, plural } from '../base/words.ts'
import { PAGE_STYLE, table } from './printed-page.ts'

const UNPROVED_WORDS = {
  'source-kept': 'keeps a source',
  waiting: 'has not confirmed',
  away: 'away, has not confirmed',
  excluded: 'no member any more, can not confirm'
} as const satisfies Record<SubjectVersion['unproved'][number]['state'], string>

/** In sizes of plain files where they are known; those of sealed objects are padded. */
export function contentText({ sealed, plain, files, bytes }: SubjectVersion): string {
  if (plain !== null) return `${plural(plain.files, 'file')}, ${formatBytes(plain.bytes)}`
  const sizes = `${plural(files, sealed ? 'sealed object' : 'file')}, ${formatBytes(bytes)}`
  return sealed ? `${sizes} as sealed` : sizes
}

export interface ExportedVersion {
  readonly name: string
  readonly ordinal: number
  /** Where its files are in the export; null where they are not. */
  readonly folder: string | null
  readonly why: string | null
}

export function subjectPage(record: SubjectRecord, exported: readonly ExportedVersion[]): string {
  const fileOf = ({ name, ordinal }: SubjectVersion) => {
    const found = exported.find(each => each.name === name && each.ordinal === ordinal)
    return found?.folder ?? `not here: ${found?.why ?? 'not asked for'}`
  }
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>Data about a person</title><style>${PAGE_STYLE}</style></head><body>`,
    '<h1>Data about a person</h1>',
    table([
      ['Person', record.id],
      ['As of', isoTime(record.atMs)]
    ]),
    ...record.versions.flatMap(each => [
      `<h2>${escaped(`${each.name}@${each.ordinal}`)}</h2>`,
      table([
        ['Version', each.version],
        ['Class', each.sealed ? `${each.dataClass}, sealed` : each.dataClass],
        ['Labels', each.labels.join(', ') || '-'],
        ['Content', contentText(each)],
        ['Published', `${named(each.publisher)} at ${isoTime(each.publishedAtMs)}`],
        ['State', each.state],
        [
          'Not proved to be gone from',
          each.unproved.map(left => `${named(left)} (${UNPROVED_WORDS[left.state]})`).join(', ') || '-'
        ],
        ['Kept for', each.retentionMs === null ? 'no end is set' : formatDuration(each.retentionMs)],
        [
          'Held from deletion',
          each.holds.map(hold => `${named(hold.by)}: ${hold.reason ?? '-'}`).join('; ') || 'no'
        ],
        [
          'Where',
          each.places.map(at => `${named(at)} (${at.kind})`).join(', ') || 'no device that answered has it'
        ],
        ['May be read by', each.readers.map(named).join(', ') || 'nobody'],
        [
          'Was read by',
          each.reads.map(read => `${named(read)}, last ${isoTime(read.lastAtMs)}`).join('; ') || 'not known'
        ],
        ['In this export', fileOf(each)]
      ])
    ]),
    '<h2>What this does not say</h2>',
    `<p>${
      record.silent.length === 0
        ? 'Every device of the organisation answered.'
        : `These devices did not answer: ${escaped(record.silent.map(named).join(', '))}.`
    }</p>`,
    '<p>It has what was said to be about the person. Copies that people made outside are not known.</p>',
    '</body></html>',
    ''
  ].join('\n')
}
