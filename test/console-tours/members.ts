/** Roles and groups of a device. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import { choose, leave, mean, press } from './dialogues.ts'

const NAME = 'lab-7'
const GROUP = 'field'

async function rolesOf({ node, otherDevice }: ConsoleOrg): Promise<readonly string[]> {
  const { devices } = await node.client.call('devices', {})
  return devices.find(({ device }) => device === otherDevice)?.roles.map(({ role }) => role) ?? []
}

async function giveRole(org: ConsoleOrg, page: Page): Promise<void> {
  await org.goTo(page, `/console/network/devices/${org.otherDevice}`)
  const title = `Give ${NAME} a role`
  await press(page, 'Give a role')
  await choose(page, 'Role', 'publisher')
  await page
    .getByRole('dialog', { name: title })
    .getByText(/^With it a device may sign: .*dataset.publish/)
    .waitFor()
  await mean(page, { title, name: NAME, verb: 'Give it' })
  assert.deepEqual(await rolesOf(org), ['publisher'])
  const taking = `Take the role publisher from ${NAME}`
  await press(page, `Take it: ${taking}`)
  await mean(page, { title: taking, name: NAME, verb: 'Take it' })
  assert.deepEqual(await rolesOf(org), [])
}

async function putIntoGroup(org: ConsoleOrg, page: Page): Promise<void> {
  const devices = async (): Promise<(string | null)[]> => {
    const { groups } = await org.node.client.call('groups', {})
    return groups.find(({ name }) => name === GROUP)?.devices.map(({ name }) => name) ?? []
  }
  await org.goTo(page, `/console/network/devices/${org.otherDevice}`)
  const title = `Put ${NAME} into a group`
  await press(page, 'Put it into a group')
  await choose(page, 'Group', GROUP)
  await page.getByText(`It may then read what ${GROUP} was granted: 1 grant.`).waitFor()
  await press(page, 'Put it in')
  await leave(page, title)
  assert.deepEqual(await devices(), [NAME])
  const taking = `Take ${NAME} out of ${GROUP}`
  await press(page, `Take it: ${taking}`)
  await mean(page, { title: taking, name: NAME, verb: 'Take it' })
  assert.deepEqual(await devices(), [])
}

export const membersTour: ConsoleTour = {
  prepare: async org => {
    await org.publish('for-the-field', 'maps', '--class', 'confidential')
    await org.node.client.call('createGroup', { name: GROUP })
    await org.node.client.call('grantAccess', {
      who: `group:${GROUP}`,
      scope: { kind: 'name', name: 'for-the-field' }
    })
  },
  paths: () => [],
  stops: [
    {
      what: 'a role is given after what it lets a device do, and taken, each by the name of the device',
      visit: giveRole
    },
    {
      what: 'a device is put into a group after what that lets it read, and taken out by its name',
      visit: putIntoGroup
    }
  ]
}
