/** `rekey`: who can open what is sealed, from now on. */

import { z } from 'zod'
import { datasetName } from '../../api/field.ts'
import type { Rekeyed } from '../../api/sealing.ts'
import { command } from '../command.ts'
import { type Column, plural, printable, renderTable } from '../text.ts'

type Version = Rekeyed['versions'][number]

const COLUMNS: readonly Column<Version>[] = [
  { title: 'VERSION', align: 'right', value: row => String(row.ordinal) },
  { title: 'WRAPPED', value: row => (row.rekeyed ? 'anew' : `no: ${printable(row.reason ?? '')}`) },
  { title: 'FOR', align: 'right', value: row => String(row.recipients) },
  { title: 'WITHOUT A KEY', align: 'right', value: row => String(row.keyless) }
]

export const rekey = command({
  usage: 'rekey <dataset>',
  summary:
    'wrap the keys of a sealed dataset anew for those who may read it now, and end all envelopes before',
  description:
    'For the publisher, the owner and admins. The data stays as it is: whoever could open a version and kept its key ' +
    'can open what they have of it; from the org they get nothing any more. Publish a new version for new keys of what ' +
    'changes. Interrupted, it can be given again.',
  examples: ['peerage rekey payroll'],
  input: z.object({ dataset: datasetName }),
  run: async (invocation, { dataset: name }) => {
    const done = await invocation.client.call('rekey', { name })
    invocation.result(done, paint => [
      ...renderTable(done.versions, COLUMNS, paint),
      `told to ${plural(done.peersTold, 'connected device')}`
    ])
  }
})
