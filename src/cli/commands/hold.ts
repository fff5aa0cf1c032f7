/** `hold`: keeping datasets from being deleted. */

import { z } from 'zod'
import type { HoldRecord } from '../../api/custody.ts'
import { datasetName } from '../../api/field.ts'
import { shortId } from '../../base/ids.ts'
import { named, reason, reasonOption, renderActed } from '../acted.ts'
import { command } from '../command.ts'
import { type Column, isoTime, renderTable } from '../text.ts'

const HOLD_COLUMNS: readonly Column<HoldRecord>[] = [
  { title: 'DATASET', value: row => row.name },
  { title: 'HOLD', value: row => shortId(row.operation) },
  { title: 'BY', value: row => named(row.by) },
  { title: 'SINCE', value: row => isoTime(row.placedAtMs) },
  { title: 'REASON', value: row => row.reason ?? '-' }
]

export const listHolds = command({
  usage: 'list',
  isDefault: true,
  summary: 'list what is held from being deleted',
  examples: ['peerage hold list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('holds', {})
    invocation.result(list, paint =>
      list.holds.length === 0 ? ['nothing is held'] : renderTable(list.holds, HOLD_COLUMNS, paint)
    )
  }
})

export const placeHold = command({
  usage: 'place <name>',
  summary: 'keep all versions of a dataset from being deleted, by erasure or by age',
  description:
    'What is erased is read by nobody at once, and deleted when nothing holds it any more. For admins and the role privacy.',
  examples: ['peerage hold place payroll --reason "case 17, until the court has ruled"'],
  options: [reasonOption()],
  input: z.object({ name: datasetName, reason: reason.optional() }),
  run: async (invocation, { name, reason: why }) => {
    const acted = await invocation.client.call('placeHold', { name, reason: why ?? null })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const liftHold = command({
  usage: 'lift <hold>',
  summary: 'end a hold',
  description:
    'HOLD is at least eight digits of what peerage hold list shows. A hold that an admin placed is lifted by admins.',
  examples: ['peerage hold lift 1f2e3d4c'],
  input: z.object({ hold: z.string().min(1, 'write a hold; peerage hold list shows them') }),
  run: async (invocation, { hold }) => {
    const acted = await invocation.client.call('liftHold', { id: hold })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})
