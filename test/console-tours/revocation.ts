/** The network, and a device that leaves it for good. It goes last. */

import assert from 'node:assert/strict'
import { until } from '../../lab/cluster.ts'
import type { ConsoleTour } from '../../lab/console-org.ts'
import { mean } from './dialogues.ts'

export const revocationTour: ConsoleTour = {
  paths: ({ otherDevice }) => ['/console/network', `/console/network/devices/${otherDevice}`],
  stops: [
    {
      what: 'a device is revoked by who sees what that reaches and writes its name',
      visit: async (org, page) => {
        const { client } = org.node
        await org.goTo(page, '/console/network')
        await page.getByRole('link', { name: 'lab-7' }).click()
        await page.getByRole('button', { name: 'Revoke' }).click()
        const title = 'Revoke lab-7 for good'
        const reach = /It may read [0-9]+ versions, and will read none/
        await page.getByRole('dialog', { name: title }).getByText(reach).waitFor()
        await mean(page, { title, name: 'lab-7', verb: 'Revoke', reason: 'lost' })
        await page.getByText('It is revoked').waitFor()
        const { devices } = await client.call('devices', {})
        assert.equal(devices.find(({ name }) => name === 'lab-7')?.standing, 'revoked')
        await until('the link is cut', 10_000, async () => {
          return (await client.call('status', {})).peersConnected === 0
        })
      }
    }
  ]
}
