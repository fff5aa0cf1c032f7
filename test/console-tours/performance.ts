/** Service levels, participation and savings. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConsoleTour } from '../../lab/console-org.ts'
import { DAY_MS } from '../../src/base/units.ts'
import { leave, mean } from './dialogues.ts'

const AVAILABLE = 'can be had'
const SWIFT = 'on every device'

export const performanceTour: ConsoleTour = {
  prepare: async ({ node: { client } }) => {
    await client.call('setLevel', {
      ...{ name: AVAILABLE, measure: 'availability', targetShare: 0.999, windowMs: DAY_MS }
    })
    await client.call('setPrice', { price: { currency: 'EUR', perGb: 0.08 } })
  },
  paths: () => [
    '/console/performance',
    `/console/performance/levels/${encodeURIComponent(AVAILABLE)}`,
    '/console/performance/participation',
    '/console/performance/savings',
    '/console/performance/over-time'
  ],
  stops: [
    {
      what: 'a service level is set, and ended by who writes its name',
      visit: async (org, page) => {
        await org.goTo(page, '/console/performance')
        await page.getByRole('button', { name: 'Set a level' }).click()
        const dialogue = page.getByRole('dialog', { name: 'Set a service level' })
        await dialogue.getByRole('textbox', { name: 'Name' }).fill(SWIFT)
        await dialogue.getByRole('button', { name: 'Set it' }).click()
        await leave(page, 'Set a service level')
        const { levels } = await org.node.client.call('levels', {})
        const level = levels.find(({ name }) => name === SWIFT)
        assert.deepEqual([level?.measure, level?.limitMs, level?.targetShare], ['distribute', 600_000, 0.95])
        await page.getByRole('table', { name: 'Service levels' }).getByRole('link', { name: SWIFT }).click()
        await page.getByRole('heading', { level: 1, name: SWIFT }).waitFor()
        await page.getByRole('button', { name: 'End' }).click()
        await mean(page, { title: `End the level ${SWIFT}`, name: SWIFT, verb: 'End' })
      }
    },
    {
      what: 'the report of the savings is saved as a table with a line for each device',
      visit: async (org, page) => {
        await org.goTo(page, '/console/performance/savings')
        const saved = page.waitForEvent('download')
        await page.getByRole('button', { name: 'CSV: save savings.csv' }).click()
        const path = join(org.folder, 'savings.csv')
        await (await saved).saveAs(path)
        const [head, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\r\n')
        assert.match(head ?? '', /^device,name,site,/)
        assert.deepEqual(lines.map(line => line.split(',')[1]).toSorted(), ['lab-7', 'nas'])
      }
    }
  ]
}
