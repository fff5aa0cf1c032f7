/** `group`: devices that are given access together. */

import { z } from 'zod'
import type { GroupRecord } from '../../api/governance.ts'
import { shortId } from '../../base/ids.ts'
import { deviceReference, named, renderActed } from '../acted.ts'
import { type CommandInstaller, command } from '../command.ts'
import { type Column, renderTable } from '../text.ts'

const GROUP_COLUMNS: readonly Column<GroupRecord>[] = [
  { title: 'NAME', value: row => row.name },
  { title: 'GROUP', value: row => shortId(row.id) },
  { title: 'MADE BY', value: row => named(row.by) },
  { title: 'DEVICES', value: row => row.devices.map(named).join(', ') || '-' }
]

export const listGroups = command({
  usage: 'list',
  isDefault: true,
  summary: 'list the groups of the org and the devices in them',
  examples: ['peerage group list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('groups', {})
    invocation.result(list, paint =>
      list.groups.length === 0
        ? ['no groups yet; make one with: peerage group create NAME']
        : renderTable(list.groups, GROUP_COLUMNS, paint)
    )
  }
})

const name = z.string().min(1, 'write the name of a group')

export const createGroup = command({
  usage: 'create <name>',
  summary: 'make a group',
  examples: ['peerage group create renderers'],
  input: z.object({ name }),
  run: async (invocation, input) => {
    const acted = await invocation.client.call('createGroup', input)
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

function placing(verb: 'add' | 'remove', summary: string): CommandInstaller {
  return command({
    usage: `${verb} <name> <device>`,
    summary,
    examples: [`peerage group ${verb} renderers lab-7`],
    input: z.object({ name, device: deviceReference }),
    run: async (invocation, input) => {
      const route = verb === 'add' ? 'addToGroup' : 'removeFromGroup'
      const acted = await invocation.client.call(route, input)
      invocation.result(acted, paint => renderActed(acted, paint))
    }
  })
}

export const addToGroup = placing('add', 'put a device into a group')
export const removeFromGroup = placing('remove', 'take a device out of a group')
