/** `invite`: makes a ticket. */

import { Option } from 'commander'
import { z } from 'zod'
import { INVITE_USES_MAX } from '../../api/invite.ts'
import { command, duration } from '../command.ts'
import { isoTime, plural } from '../text.ts'

export const invite = command({
  usage: 'invite',
  summary: 'print a ticket that lets another machine join the org',
  description:
    'A ticket is a secret until it is used or has expired. The ticket alone goes to stdout. This device has to be ' +
    'up and reachable when the ticket is redeemed.',
  examples: ['peerage invite', 'peerage invite --uses 20 --expires 7d'],
  options: [
    new Option('--uses <count>', 'how many machines may join with it').default('1'),
    new Option('--expires <duration>', 'how long it is good for').default('24h')
  ],
  input: z.object({
    uses: z.string().transform((text, context) => {
      const uses = /^\d{1,6}$/.test(text) ? Number(text) : 0
      if (uses >= 1 && uses <= INVITE_USES_MAX) return uses
      context.addIssue({ code: 'custom', message: `write a number from 1 to ${INVITE_USES_MAX}` })
      return z.NEVER
    }),
    expires: duration
  }),
  run: async (invocation, { uses, expires }) => {
    const invite = await invocation.client.call('invite', { uses, expiresInMs: expires })
    invocation.result(invite, () => [invite.ticket])
    invocation.note(`good for ${plural(invite.uses, 'machine')} until ${isoTime(invite.expiresAtMs)}`)
  }
})
