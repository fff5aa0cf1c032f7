/** `role`: what the org's roles may do, who holds them, and giving and taking them. */

import { z } from 'zod'
import type { RoleRecord } from '../../api/governance.ts'
import { deviceReference, expiresOption, named, renderActed, term } from '../acted.ts'
import { command } from '../command.ts'
import { type Column, isoTime, type Paint, printable, renderTable } from '../text.ts'

function holdersText({ role, holders }: RoleRecord): string {
  if (role === 'device') return 'every member'
  const texts = holders.map(
    holder =>
      `${named(holder)}${holder.expiresAtMs === null ? '' : ` (until ${isoTime(holder.expiresAtMs)})`}`
  )
  return texts.join(', ') || '-'
}

const ROLE_COLUMNS: readonly Column<RoleRecord>[] = [
  { title: 'ROLE', value: row => row.role },
  { title: 'RANK', align: 'right', value: row => String(row.rank) },
  { title: 'HOLDERS', value: holdersText }
]

function renderRoles(roles: readonly RoleRecord[], paint: Paint): string[] {
  return [
    ...renderTable(roles, ROLE_COLUMNS, paint),
    '',
    ...roles.map(
      ({ role, types }) => `${paint('bold', printable(role))} may author ${types.join(', ') || 'nothing'}`
    )
  ]
}

export const listRoles = command({
  usage: 'list',
  isDefault: true,
  summary: 'list the roles of the org: rank, holders, and what each may do',
  description: 'A role acts only on roles of a greater rank. Roles are made by the authority chain.',
  examples: ['peerage role list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('roles', {})
    invocation.result(list, paint => renderRoles(list.roles, paint))
  }
})

const role = z.string().min(1, 'write the name of a role; peerage role list shows them')

export const grantRole = command({
  usage: 'grant <device> <role>',
  summary: 'give a device a role',
  description: 'Admins are made by peerage admin propose, not here.',
  examples: ['peerage role grant lab-7 publisher', 'peerage role grant lab-7 reader --expires 30d'],
  options: [expiresOption('it')],
  input: z.object({ device: deviceReference, role, expires: term.optional() }),
  run: async (invocation, { device, role: name, expires }) => {
    const acted = await invocation.client.call('grantRole', {
      ...{ device, role: name, expiresInMs: expires ?? null }
    })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const revokeRole = command({
  usage: 'revoke <device> <role>',
  summary: 'take a role from a device',
  description: 'What it signed in the role so far, as far as is known here, keeps its effect.',
  examples: ['peerage role revoke lab-7 publisher'],
  input: z.object({ device: deviceReference, role }),
  run: async (invocation, { device, role: name }) => {
    const acted = await invocation.client.call('revokeRole', { device, role: name })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})
