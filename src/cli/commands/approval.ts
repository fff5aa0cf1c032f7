/** `approve` and `note`: operations about operations. */

import { Option } from 'commander'
import { z } from 'zod'
import { NOTE_CHARACTERS_MAX } from '../../api/governance.ts'
import { renderActed } from '../acted.ts'
import { command } from '../command.ts'

const operation = z.string().min(1, 'write at least eight digits of the id of an operation')

export const approve = command({
  usage: 'approve <operation>',
  summary: 'agree, as an admin, to an operation that needs the approval of several',
  description: 'peerage ledger lists what waits, and peerage ledger show says what it would do.',
  examples: ['peerage approve 1f2e3d4c5b6a'],
  input: z.object({ operation }),
  run: async (invocation, input) => {
    const acted = await invocation.client.call('approve', { id: input.operation })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const note = command({
  usage: 'note <text>',
  summary: 'write a note into the ledger, for everybody and for good',
  examples: ['peerage note "agreed in the meeting of May 3" --about 1f2e3d4c5b6a'],
  options: [new Option('--about <operation>', 'the operation that it is about')],
  input: z.object({
    text: z
      .string()
      .min(1, 'write a note')
      .max(NOTE_CHARACTERS_MAX, `write at most ${NOTE_CHARACTERS_MAX} characters`),
    about: operation.optional()
  }),
  run: async (invocation, { text, about }) => {
    const acted = await invocation.client.call('note', { text, about: about ?? null })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})
