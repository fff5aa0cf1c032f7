/** `session`: who is signed in to this node in a browser. */

import { z } from 'zod'
import { type ListedSession, sessionReference } from '../../api/session.ts'
import { command } from '../command.ts'
import { type Column, isoTime, printable, renderTable } from '../text.ts'

const BY: Readonly<Record<ListedSession['by'], string>> = {
  code: 'peerage console',
  token: 'a token',
  provider: 'the provider'
}

const COLUMNS: readonly Column<ListedSession>[] = [
  { title: 'SESSION', value: row => row.id },
  { title: 'WHO', value: row => printable(row.who) },
  { title: 'BY', value: row => BY[row.by] },
  { title: 'SCOPES', value: row => row.scopes.join(' ') },
  { title: 'SINCE', value: row => isoTime(row.begunAtMs) },
  { title: 'LAST USED', value: row => isoTime(row.usedAtMs) },
  { title: 'ENDS', value: row => isoTime(row.idleEndsAtMs) }
]

export const listSessions = command({
  usage: 'list',
  isDefault: true,
  summary: 'list who is signed in to this node in a browser',
  description: 'ENDS is when a session ends if nothing more is called in it.',
  examples: ['peerage session list', 'peerage session --json | jq -r ".sessions[].id"'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('sessions', {})
    invocation.result(list, paint =>
      list.sessions.length === 0 ? ['nobody is signed in'] : renderTable(list.sessions, COLUMNS, paint)
    )
  }
})

export const endSession = command({
  usage: 'end <id>',
  summary: 'sign a browser out at once',
  description: 'Whoever has a token or is known to the provider can sign in again.',
  examples: ['peerage session end 0123456789ab'],
  input: z.object(sessionReference.shape),
  run: async (invocation, { id }) => {
    const left = await invocation.client.call('endNamedSession', { id })
    invocation.result(left, () => [`session ${id} has ended; ${left.sessions.length} left`])
  }
})
