/** `class`: how content of each class is kept. */

import { Option } from 'commander'
import { z } from 'zod'
import { type ClassRecord, COPIES_MAX, classHolders } from '../../api/custody.ts'
import { dataClass } from '../../api/field.ts'
import { formatDuration } from '../../base/units.ts'
import { named, renderActed } from '../acted.ts'
import { command, duration } from '../command.ts'
import { orWord } from '../or-word.ts'
import { type Column, isoTime, renderTable } from '../text.ts'

const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no')
const length = (lengthMs: number | null): string => (lengthMs === null ? '-' : formatDuration(lengthMs))

const CLASS_COLUMNS: readonly Column<ClassRecord>[] = [
  { title: 'CLASS', value: row => row.dataClass },
  { title: 'SEALED', value: row => yesOrNo(row.sealed) },
  { title: 'HOLDERS', value: row => row.holders },
  { title: 'COPIES', align: 'right', value: row => String(row.copies) },
  { title: 'SITES', align: 'right', value: row => String(row.sites) },
  { title: 'LEAVES', value: row => yesOrNo(row.leaves) },
  { title: 'SCANNED', value: row => yesOrNo(row.scan) },
  { title: 'VIEW', value: row => length(row.stalenessLimitMs) },
  { title: 'KEPT', value: row => length(row.retentionMs) },
  {
    title: 'SET',
    value: ({ set }) => (set === null ? 'by default' : `by ${named(set.by)} on ${isoTime(set.atMs)}`)
  }
]

export const listClasses = command({
  usage: 'list',
  isDefault: true,
  summary: 'list how content of each class is kept',
  description:
    'SEALED: encrypted for who may read it. HOLDERS: who may hold copies. LEAVES: whether it may leave the org’s own ' +
    'transport. SCANNED: read once a scan has found it clean. VIEW: how old a view of the ledger may be. KEPT: for how long.',
  examples: ['peerage class list', 'peerage class --json | jq ".classes[].copies"'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('classes', {})
    invocation.result(list, paint => renderTable(list.classes, CLASS_COLUMNS, paint))
  }
})

const flag = z.enum(['yes', 'no'], 'write yes or no').transform(word => word === 'yes')
const some = z.string().transform((text, context) => {
  const value = /^[1-9]\d?$/.test(text) ? Number(text) : 0
  if (value >= 1 && value <= COPIES_MAX) return value
  context.addIssue({ code: 'custom', message: `write a number from 1 to ${COPIES_MAX}` })
  return z.NEVER
})

export const setClass = command({
  usage: 'set <class>',
  summary: 'change how content of a class is kept',
  description:
    'What is left out stays as it is. It takes as many admins as a new root: it is in force when enough have approved it.',
  examples: [
    'peerage class set restricted --copies 3 --sites 2',
    'peerage class set internal --scan yes --retention 365d',
    'peerage class set confidential --staleness none'
  ],
  options: [
    new Option('--sealed <yes|no>', 'whether devices that hold it get it encrypted'),
    new Option('--holders <who>', 'who may hold copies').choices(classHolders.options),
    new Option(
      '--staleness <duration>',
      'how old a view may be to use it, at most; or none: as the root says'
    ),
    new Option('--leaves <yes|no>', 'whether it may leave the org’s own transport'),
    new Option('--scan <yes|no>', 'whether it is read only once a scan has found it clean'),
    new Option('--copies <count>', `how many copies at the least, 1 to ${COPIES_MAX}`),
    new Option('--sites <count>', `over how many sites, 1 to ${COPIES_MAX}`),
    new Option('--retention <duration>', 'after how long it is deleted, or none')
  ],
  input: z.object({
    class: dataClass,
    sealed: flag.optional(),
    holders: classHolders.optional(),
    staleness: orWord('none', duration).optional(),
    leaves: flag.optional(),
    scan: flag.optional(),
    copies: some.optional(),
    sites: some.optional(),
    retention: orWord('none', duration).optional()
  }),
  run: async (invocation, { class: name, staleness, retention, ...rules }) => {
    const acted = await invocation.client.call('setClass', {
      dataClass: name,
      changes: { ...rules, stalenessMs: staleness, retentionMs: retention }
    })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})
