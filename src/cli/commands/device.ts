/** `device`: who belongs to the org, and ending and restoring that. */

import { z } from 'zod'
import type { DeviceRecord } from '../../api/governance.ts'
import { shortId } from '../../base/ids.ts'
import { deviceReference, named, reason, reasonOption, renderActed } from '../acted.ts'
import { type CommandInstaller, command } from '../command.ts'
import { type Column, isoTime, relativeTime, renderTable } from '../text.ts'

function standingText({ standing, taken }: DeviceRecord): string {
  if (taken === null) return standing
  const because = taken.reason === null ? '' : `: ${taken.reason}`
  return `${standing} by ${named(taken.by)} on ${isoTime(taken.atMs)}${because}`
}

function rolesText({ admin, roles }: DeviceRecord, nowMs: number): string {
  const held = roles.map(({ role, expiresAtMs }) =>
    expiresAtMs === null
      ? role
      : `${role} (${expiresAtMs > nowMs ? 'ends' : 'ended'} ${relativeTime(expiresAtMs, nowMs)})`
  )
  return [...(admin ? ['admin'] : []), ...held].join(', ') || '-'
}

function deviceColumns(nowMs: number): Column<DeviceRecord>[] {
  return [
    { title: 'NAME', value: row => `${row.name ?? '-'}${row.self ? ' (this one)' : ''}` },
    { title: 'SITE', value: row => row.site ?? '-' },
    { title: 'DEVICE', value: row => shortId(row.device) },
    { title: 'KIND', value: row => row.kind ?? '-' },
    { title: 'ROLES', value: row => rolesText(row, nowMs) },
    { title: 'ENROLLED', value: row => (row.enrolledAtMs === null ? '-' : isoTime(row.enrolledAtMs)) },
    { title: 'STANDING', value: standingText }
  ]
}

export const listDevices = command({
  usage: 'list',
  isDefault: true,
  summary: 'list every device of the org: its roles, and whether it is suspended or revoked',
  examples: ['peerage device list', 'peerage device --json'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('devices', {})
    invocation.result(list, paint =>
      renderTable(list.devices, deviceColumns(invocation.context.nowMs()), paint)
    )
  }
})

interface DeviceCommand {
  readonly verb: 'suspend' | 'revoke' | 'readmit'
  readonly route: 'suspendDevice' | 'revokeDevice' | 'readmitDevice'
  readonly summary: string
  readonly description: string
  readonly example: string
}

function deviceCommand({ verb, route, summary, description, example }: DeviceCommand): CommandInstaller {
  return command({
    usage: `${verb} <device>`,
    summary,
    description: `${description} DEVICE is its name, or at least eight digits of its id.`,
    examples: [example],
    options: [reasonOption()],
    input: z.object({ device: deviceReference, reason: reason.optional() }),
    run: async (invocation, input) => {
      const acted = await invocation.client.call(route, { ...input, reason: input.reason ?? null })
      invocation.result(acted, paint => renderActed(acted, paint))
    }
  })
}

export const suspendDevice = deviceCommand({
  verb: 'suspend',
  route: 'suspendDevice',
  summary: 'end a device’s membership until it is readmitted',
  description:
    'It is cut off at once from every device that learns of it. What it signed so far, as far as is known here, keeps ' +
    'its effect; what it signs from now on never has any.',
  example: 'peerage device suspend lab-7 --reason "disk is being replaced"'
})

export const revokeDevice = deviceCommand({
  verb: 'revoke',
  route: 'revokeDevice',
  summary: 'end a device’s membership for good: its key never comes back',
  description:
    'For a machine that is lost or stolen. What it signed so far, as far as is known here, keeps its effect. To bring ' +
    'the machine back, invite it anew.',
  example: 'peerage device revoke lab-7 --reason stolen'
})

export const readmitDevice = deviceCommand({
  verb: 'readmit',
  route: 'readmitDevice',
  summary: 'end the suspension of a device',
  description: 'The reason is added to the ledger as a note. A revoked device can not be readmitted.',
  example: 'peerage device readmit lab-7'
})
