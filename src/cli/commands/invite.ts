/** `invite` and `invites`: makes tickets, lists them and cancels them. */

import { Option } from 'commander'
import { z } from 'zod'
import type { InviteRecord } from '../../api/governance.ts'
import { INVITE_USES_MAX } from '../../api/invite.ts'
import { shortId } from '../../base/ids.ts'
import { named, renderActed } from '../acted.ts'
import { command, duration } from '../command.ts'
import { type Column, isoTime, plural, renderTable } from '../text.ts'

export const createInvite = command({
  usage: 'create',
  isDefault: true,
  summary: 'print a ticket that lets another machine join the org',
  description:
    'A ticket is a secret until it is used or has expired. The ticket alone goes to stdout. This device has to be ' +
    'up and reachable when the ticket is redeemed. The word create can be left out.',
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

export const cancelInvite = command({
  usage: 'cancel <id>',
  summary: 'let nobody join by an invite any more',
  description:
    'ID is at least eight digits of what peerage invites shows. Who has joined by it stays. For the device that made it, and admins.',
  examples: ['peerage invite cancel 1f2e3d4c5b6a'],
  input: z.object({ id: z.string().min(1, 'write at least eight digits of the id of an invite') }),
  run: async (invocation, { id }) => {
    const acted = await invocation.client.call('cancelInvite', { id })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

const INVITE_COLUMNS: readonly Column<InviteRecord>[] = [
  { title: 'INVITE', value: row => shortId(row.id) },
  { title: 'STATE', value: row => row.state },
  { title: 'BY', value: row => named(row.by) },
  { title: 'USED', align: 'right', value: row => `${row.redeemedBy.length} of ${row.uses}` },
  { title: 'MADE', value: row => isoTime(row.createdAtMs) },
  { title: 'ENDS', value: row => isoTime(row.expiresAtMs) },
  { title: 'JOINED BY IT', value: row => row.redeemedBy.map(named).join(', ') || '-' }
]

export const invites = command({
  usage: 'invites',
  summary: 'list the invites of the org: who made them, who joined by them, and what is left',
  examples: ['peerage invites'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('invites', {})
    invocation.result(list, paint =>
      list.invites.length === 0
        ? ['no invites yet; make one with: peerage invite']
        : renderTable(list.invites, INVITE_COLUMNS, paint)
    )
  }
})
