/** For how long versions are kept, and what holds them. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import { DAY_MS } from '../../src/base/units.ts'
import { choose, leave, mean, press } from './dialogues.ts'

async function keptOf({ node }: ConsoleOrg, name: string): Promise<readonly [string, number | null]> {
  const { versions } = await node.client.call('retention', {})
  const kept = versions.find(each => each.name === name)
  return [kept?.by ?? '', kept?.keptMs ?? null]
}

async function heldNames({ node }: ConsoleOrg): Promise<readonly string[]> {
  return (await node.client.call('holds', {})).holds.map(({ name }) => name)
}

/** From the page of the dataset. */
async function keepDataset(org: ConsoleOrg, page: Page): Promise<void> {
  await org.goTo(page, '/console/datasets/kept')
  await press(page, 'Set how long')
  const title = 'How long kept is kept'
  const dialogue = page.getByRole('dialog', { name: title })
  await dialogue.getByText('change its policy first').waitFor()
  assert.equal(await dialogue.getByRole('button', { name: 'Set it' }).isDisabled(), true)
  await org.node.done('storage', 'policy', 'kept', 'copies=1')
  await dialogue.getByText('change its policy first').waitFor({ state: 'detached' })
  await dialogue.getByRole('textbox', { name: 'Days that a version is kept' }).fill('30')
  await dialogue.getByText('No version is over by it now').waitFor()
  await dialogue.getByRole('button', { name: 'Set it' }).click()
  await leave(page, title)
  assert.deepEqual(await keptOf(org, 'kept'), ['dataset', 30 * DAY_MS])
  await press(page, 'Hold it')
  const holding = page.getByRole('dialog', { name: 'Hold kept for the record' })
  await holding.getByRole('textbox', { name: 'Reason' }).fill('case 18')
  await holding.getByRole('button', { name: 'Hold it' }).click()
  await leave(page, 'Hold kept for the record')
  assert.ok((await heldNames(org)).includes('kept'))
  await page.getByText(/^Held by nas.*: case 18$/).waitFor()
  const lifting = 'Lift the hold on kept by nas'
  await press(page, `Lift it: ${lifting}`)
  await mean(page, { title: lifting, name: 'kept', verb: 'Lift it' })
  assert.ok(!(await heldNames(org)).includes('kept'))
}

/** From the page of all that is kept. */
async function keepFromList(org: ConsoleOrg, page: Page): Promise<void> {
  await org.goTo(page, '/console/privacy/retention')
  await press(page, 'Set for how long')
  await choose(page, 'Of what', 'kept')
  await page.getByRole('dialog').getByRole('textbox', { name: 'Days' }).fill('20')
  await press(page, 'Set it')
  await leave(page, 'For how long versions are kept')
  assert.deepEqual(await keptOf(org, 'kept'), ['dataset', 20 * DAY_MS])
  await press(page, 'Place a hold')
  await choose(page, 'Dataset', 'kept')
  await press(page, 'Place it')
  await leave(page, 'Place a hold')
  await page.getByRole('button', { name: 'Lift the hold of kept' }).waitFor()
  assert.ok((await heldNames(org)).includes('kept'))
  await page.getByText('Nothing that is not held was kept for long enough.').waitFor()
}

export const keepingTour: ConsoleTour = {
  prepare: async org => await org.publish('kept', 'kept'),
  paths: () => [],
  stops: [
    {
      what: 'how long a dataset is kept is set, and a hold placed and lifted, on its page',
      visit: keepDataset
    },
    {
      what: 'how long a dataset is kept is set, and a hold placed, where all of them are listed',
      visit: keepFromList
    }
  ]
}
