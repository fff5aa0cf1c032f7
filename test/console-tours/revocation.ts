/** The network, and a device that leaves it for good. It goes last. */

import assert from 'node:assert/strict'
import { until } from '../../lab/cluster.ts'
import type { ConsoleTour } from '../../lab/console-org.ts'
import { type Meant, mean, press } from './dialogues.ts'

export const revocationTour: ConsoleTour = {
  paths: ({ otherDevice }) => ['/console/network', `/console/network/devices/${otherDevice}`],
  stops: [
    {
      what: 'a device is suspended, readmitted and revoked by who sees what that reaches and writes its name',
      visit: async (org, page) => {
        const { client } = org.node
        const act = async (meant: Meant, standing: string): Promise<void> => {
          await press(page, meant.verb)
          await mean(page, meant)
          const { devices } = await client.call('devices', {})
          assert.equal(devices.find(({ name }) => name === 'lab-7')?.standing, standing)
        }
        await org.goTo(page, '/console/network')
        await page.getByRole('link', { name: 'lab-7' }).click()
        const name = 'lab-7'
        await act({ verb: 'Suspend', title: 'Suspend lab-7', name, reason: 'looked for' }, 'suspended')
        await act({ verb: 'Readmit', title: 'Readmit lab-7', name }, 'member')
        await press(page, 'Revoke')
        const title = 'Revoke lab-7 for good'
        const reach = /It may read [0-9]+ versions?, and will read none/
        await page.getByRole('dialog', { name: title }).getByText(reach).waitFor()
        await press(page, 'Leave it')
        await act({ verb: 'Revoke', title, name, reason: 'lost' }, 'revoked')
        await page.getByText('It is revoked').waitFor()
        await page.getByText(/Something of it last came here (?:now|[0-9]+ (?:s|min) ago)/).waitFor()
        await until('the link is cut', 10_000, async () => {
          return (await client.call('status', {})).peersConnected === 0
        })
      }
    }
  ]
}
