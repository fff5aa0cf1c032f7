/** What the node fetches: started, paused and resumed from the console. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../lab/cluster.ts'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import { MINUTE_MS } from '../../src/base/units.ts'

const BYTES = 3_000_000
const WAIT_MS = 60_000

/** Published by the other node, so that the one with the console has something to fetch. */
async function publishThere(org: ConsoleOrg, name: string): Promise<void> {
  const path = join(org.folder, `${name}.bin`)
  writeFileSync(path, randomBytes(BYTES))
  await org.other.done('publish', path, '--name', name)
  await until(`${name} is known`, WAIT_MS, async () => {
    const { datasets } = await org.node.client.call('datasets', {})
    return datasets.some(dataset => dataset.name === name)
  })
}

async function stateOf({ node }: ConsoleOrg, name: string): Promise<string | undefined> {
  const { transfers } = await node.client.call('transfers', {})
  return transfers.find(transfer => transfer.name === name)?.state
}

let fetchedId = ''

export const transfersTour: ConsoleTour = {
  prepare: async org => {
    await publishThere(org, 'fetched')
    await publishThere(org, 'wanted')
    const { id } = await org.node.client.call('startTransfer', {
      ...{ name: 'fetched', version: null, destination: join(org.folder, 'fetched') }
    })
    fetchedId = id
    await until('it is fetched', WAIT_MS, async () => (await stateOf(org, 'fetched')) === 'complete')
  },
  paths: () => ['/console/transfers', `/console/transfers/${fetchedId}`],
  stops: [
    {
      what: 'a dataset is fetched to the machine of the node, paused and resumed',
      visit: async (org, page) => {
        await org.node.done('limits', 'set', '--down', '100kB/s')
        await org.goTo(page, '/console/transfers')
        await page.getByRole('button', { name: 'Fetch a dataset' }).click()
        const dialogue = page.getByRole('dialog')
        await dialogue.getByRole('button', { name: 'Fetch', exact: true }).click()
        await dialogue.getByText('Choose a dataset.').waitFor()
        await dialogue.getByPlaceholder('choose one').click()
        await page.getByRole('option', { name: 'wanted' }).click()
        await dialogue.getByPlaceholder('/srv/images/os').fill(join(org.folder, 'wanted-here'))
        await dialogue.getByRole('button', { name: 'Fetch', exact: true }).click()
        await page.getByRole('heading', { level: 1, name: 'wanted@1' }).waitFor()
        await page.getByRole('button', { name: 'Pause' }).click()
        await page.getByRole('button', { name: 'Resume' }).waitFor()
        assert.equal(await stateOf(org, 'wanted'), 'paused')
        await org.node.done('limits', 'clear')
        await page.getByRole('button', { name: 'Resume' }).click()
        await page.getByText('1 of 1 file here in full').waitFor({ timeout: WAIT_MS })
        await page.getByRole('table', { name: 'Sources' }).getByText('over the WAN').waitFor()
        await page.getByRole('button', { name: 'Forget' }).waitFor()
        assert.equal(await stateOf(org, 'wanted'), 'complete')
      }
    },
    {
      what: 'what came before a page was opened is in its chart of rates',
      visit: async org => {
        const { client } = org.node
        await until('it was measured, and nothing comes any more', WAIT_MS, async () => {
          const fromMs = Date.now() - 5 * MINUTE_MS
          const { points } = await client.call('history', { series: 'received/other-sites', fromMs })
          const { receiveBytesPerSecond } = await client.call('activity', {})
          return receiveBytesPerSecond === 0 && points.some(({ sum }) => sum > 0)
        })
        const page = await org.signedIn()
        const words = /^Receiving 0 B\/s .* over this time at most [1-9][0-9.]* [kM]B\/s and/
        await page.getByRole('img', { name: words }).waitFor()
        await page.context().close()
      }
    }
  ]
}
