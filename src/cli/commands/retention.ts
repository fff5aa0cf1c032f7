/** `retention`: how long versions are kept, what is over, and having it erased. */

import { Option } from 'commander'
import { z } from 'zod'
import { dataClass, datasetName } from '../../api/field.ts'
import type { RetainedVersion } from '../../api/retention.ts'
import { DAY_MS, formatBytes, formatDuration } from '../../base/units.ts'
import { named, renderActed } from '../acted.ts'
import { command, duration } from '../command.ts'
import { orWord } from '../or-word.ts'
import { type Column, isoTime, type Paint, printable, renderTable } from '../text.ts'

const days = (ms: number): string => (ms % DAY_MS === 0 ? `${ms / DAY_MS} d` : formatDuration(ms))
const CLASS_PREFIX = 'class:'

const COLUMNS: readonly Column<RetainedVersion>[] = [
  { title: 'VERSION', value: row => `${row.name}@${row.ordinal}` },
  { title: 'CLASS', value: row => row.dataClass },
  { title: 'SIZE', value: row => formatBytes(row.bytes), align: 'right' },
  { title: 'PUBLISHED', value: row => isoTime(row.publishedAtMs) },
  { title: 'KEPT', value: row => (row.keptMs === null ? '-' : days(row.keptMs)), align: 'right' },
  { title: 'BY', value: row => (row.keptMs === null ? '-' : `the ${row.by}`) },
  { title: 'OVER', value: row => (row.overAtMs === null ? 'never' : isoTime(row.overAtMs)) },
  { title: 'STATE', value: row => row.state },
  {
    title: 'HELD BY',
    value: row =>
      row.holds
        .map(hold => printable(`${named(hold.by)}${hold.reason ? `: ${hold.reason}` : ''}`))
        .join('; ') || '-'
  }
]

function render(versions: readonly RetainedVersion[], paint: Paint): string[] {
  return renderTable(versions, COLUMNS, paint)
}

export const showRetention = command({
  usage: 'show',
  isDefault: true,
  summary: 'list for how long each version is kept, by which rule, and until when',
  description:
    'KEPT: what its class and its dataset say, the shorter of the two. OVER: a day later, for the sake of clocks.',
  examples: ['peerage retention show'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('retention', {})
    invocation.result(list, paint =>
      list.versions.length === 0 ? ['no version is published yet'] : render(list.versions, paint)
    )
  }
})

const scope = z.string().transform((text, context) => {
  const isClass = text.startsWith(CLASS_PREFIX)
  const read = isClass ? dataClass.safeParse(text.slice(CLASS_PREFIX.length)) : datasetName.safeParse(text)
  if (!read.success) {
    context.addIssue({
      code: 'custom',
      message: 'write a dataset, or class: and a class, such as class:internal'
    })
    return z.NEVER
  }
  return isClass
    ? { kind: 'class' as const, dataClass: dataClass.parse(read.data) }
    : { kind: 'dataset' as const, name: String(read.data) }
})

export const setRetention = command({
  usage: 'set <scope>',
  summary: 'set for how long versions of a dataset, or with class:NAME of a class, are kept',
  description:
    'Of a class it takes as many admins as a new root, as peerage class set does; of a dataset its owner, who can ask ' +
    'for a shorter life than the class and not for a longer one. Nothing is deleted by that: see peerage retention run.',
  examples: [
    'peerage retention set class:internal --keep 365d',
    'peerage retention set scans/2031 --keep none'
  ],
  options: [new Option('--keep <duration>', 'for how long, or none: for ever').makeOptionMandatory()],
  input: z.object({ scope, keep: orWord('none', duration) }),
  run: async (invocation, { scope: of, keep }) => {
    const acted = await invocation.client.call('setRetention', { scope: of, keepMs: keep })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const runRetention = command({
  usage: 'run',
  summary: 'ask for the erasure of all that was kept for long enough, in one case',
  description:
    'It is an erasure like any other: it takes the approval of as many admins as a root does, each device deletes and ' +
    'confirms, and a certificate says so. What is held is left out.',
  examples: ['peerage retention run --dry-run', 'peerage retention run'],
  options: [new Option('--dry-run', 'sign nothing: show what would be erased and why, and what is held')],
  input: z.object({ dryRun: z.boolean().default(false) }),
  run: async (invocation, { dryRun }) => {
    const ran = await invocation.client.call('runRetention', { dryRun })
    const id = ran.case?.slice(0, 12)
    invocation.result(ran, paint => [
      ...(ran.versions.length === 0 ? ['nothing was kept for long enough'] : render(ran.versions, paint)),
      ...ran.operations.flatMap(each => renderActed(each, paint)),
      ...(id === undefined
        ? []
        : [
            `case ${ran.case}`,
            `see who has confirmed with: peerage erase status ${id}; the report: peerage erase certificate ${id}`
          ])
    ])
  }
})
