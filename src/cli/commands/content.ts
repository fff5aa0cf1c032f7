/** `quarantine`, `release` and `recall`: holding versions back from everybody. */

import { Option } from 'commander'
import { z } from 'zod'
import type { ContentActed } from '../../api/governance.ts'
import { reason, reasonOption, renderActed } from '../acted.ts'
import { command } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import type { Paint } from '../text.ts'
import { renderCase } from './erase.ts'

function renderContent(acted: ContentActed, paint: Paint): string[] {
  const [line = '', ...lines] = renderActed(acted, paint)
  const also =
    acted.names.length > 1 ? [`the version stands under ${acted.names.join(', ')}; all are concerned`] : []
  return [line, ...also, ...lines]
}

const NO_REASON = 'say why, for those who can not read it any more'
const neededReason = reason.optional().transform((text, context) => {
  if (text !== undefined) return text
  context.addIssue({ code: 'custom', message: NO_REASON })
  return z.NEVER
})

export const quarantine = command({
  usage: 'quarantine <dataset>',
  summary: 'have nobody read or serve a version until it is released',
  description:
    'Without a version, the newest. It holds on every device that knows of it, whoever asks, admins and the owner included.',
  examples: ['peerage quarantine os-image@3 --reason "scanner found malware"'],
  options: [reasonOption()],
  input: z.object({ dataset: datasetReference, reason: neededReason }),
  run: async (invocation, { dataset, reason: why }) => {
    const acted = await invocation.client.call('quarantine', { ...dataset, reason: why })
    invocation.result(acted, paint => renderContent(acted, paint))
  }
})

export const release = command({
  usage: 'release <dataset>',
  summary: 'end the quarantine of a version',
  description: 'Lifts the quarantines that this device knows of. A recall is for good.',
  examples: ['peerage release os-image@3'],
  input: z.object({ dataset: datasetReference }),
  run: async (invocation, { dataset }) => {
    const acted = await invocation.client.call('release', dataset)
    invocation.result(acted, paint => renderContent(acted, paint))
  }
})

export const recall = command({
  usage: 'recall <dataset>',
  summary: 'withdraw a version for good, and have its copies deleted',
  description:
    'Without a version, the newest. Nobody reads or serves it any more, and nothing undoes that. Every device deletes its ' +
    'copies, and says so, once who published it has said that the source is there: that stays. A hold delays it.',
  examples: ['peerage recall os-image@3 --reason "wrong licence"', 'peerage recall os-image@3 --status'],
  options: [reasonOption(), new Option('--status', 'show who has deleted it, and what that waits for')],
  input: z
    .object({
      dataset: datasetReference,
      reason: reason.optional(),
      status: z.boolean().default(false)
    })
    .superRefine(({ reason: why, status }, context) => {
      const fault = status ? 'a reason is said when it is recalled' : NO_REASON
      if (status !== (why === undefined))
        context.addIssue({ code: 'custom', path: ['reason'], message: fault })
    }),
  run: async (invocation, { dataset, reason: why = null, status }) => {
    if (status) {
      const found = await invocation.client.call('erasureOf', dataset)
      invocation.result(found, paint => renderCase(found, paint))
      return
    }
    const acted = await invocation.client.call('recall', { ...dataset, reason: why })
    invocation.result(acted, paint => renderContent(acted, paint))
  }
})
