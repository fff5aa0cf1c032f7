/** What is set for the node, and for the whole org. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import { leave, mean, press } from './dialogues.ts'

async function room({ node: { client } }: ConsoleOrg, page: Page): Promise<void> {
  const title = 'Room that this node offers'
  const offered = async (): Promise<number> => (await client.call('storage', {})).own.capacityBytes
  const dialogue = page.getByRole('dialog', { name: title })
  const size = dialogue.getByRole('textbox', { name: 'Offered for copies' })
  const set = dialogue.getByRole('button', { name: 'Set it' })
  await page.getByRole('button', { name: 'Change the room' }).click()
  await size.fill('much')
  await dialogue.getByText('write a size such as 200GB').waitFor()
  assert.equal(await set.isDisabled(), true)
  await size.fill('200MB')
  await set.click()
  await leave(page, title)
  assert.equal(await offered(), 200e6)
  await press(page, 'Change the room')
  await size.fill('0')
  await set.click()
  await dialogue.getByText('This node offers no room any more.').waitFor()
  await leave(page, title)
  assert.equal(await offered(), 0)
}

export const settingsTour: ConsoleTour = {
  paths: () => ['/console/settings'],
  // A table without a line is not drawn, so nothing of it could be seen to be cut off.
  prepare: async ({ node }) => void (await node.json('token', 'create', 'judged', '--scope', 'read')),
  stops: [
    {
      what: 'the room of the node is set and taken back, and no size is none',
      visit: async (org, page) => {
        await org.goTo(page, '/console/settings')
        await room(org, page)
      }
    },
    {
      what: 'how a class is kept is changed by who sees what changes and writes its name',
      visit: async (org, page) => {
        await org.goTo(page, '/console/settings')
        await press(page, 'Change class public')
        const title = 'How class public is kept'
        const dialogue = page.getByRole('dialog', { name: title })
        await dialogue.getByText('Nothing is changed yet.').waitFor()
        await dialogue.getByRole('textbox', { name: 'Copies, at the least' }).fill('2')
        await dialogue.getByText(/datasets? (?:is|are) of this class/).waitFor()
        await org.isFair(page, 'the form of a class')
        await mean(page, { title, name: 'public', verb: 'Sign it' })
        const { classes } = await org.node.client.call('classes', {})
        assert.equal(classes.find(({ dataClass }) => dataClass === 'public')?.copies, 2)
      }
    }
  ]
}
