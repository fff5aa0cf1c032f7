/** A privacy officer's cases: a request with its clock, an erasure with its certificate, and a hold. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { ConsoleTour } from '../../lab/console-org.ts'
import { HOUR_MS } from '../../src/base/units.ts'
import { mean } from './dialogues.ts'

const PERSON = 'jane.doe@example.org'
const SEEN_MS = 60_000
/** Made before anybody looks. */
const cases = { breach: '', erasure: '' }

export const privacyTour: ConsoleTour = {
  prepare: async org => {
    const { client } = org.node
    await org.publish('people', 'of a person', '--subject', PERSON, '--label', 'staff')
    await org.publish('old-list', 'to be erased')
    const erased = await client.call('erase', { name: 'old-list', basis: 'contract', deleteSource: true })
    cases.erasure = erased.case
    const breach = await client.call('openBreach', {
      ...{ summary: 'a laptop was lost', datasets: ['people'], awareAtMs: Date.now() - 60 * HOUR_MS }
    })
    cases.breach = breach.id
    await client.call('placeHold', { name: 'people', reason: 'case 17' })
  },
  paths: () => [
    '/console/privacy',
    `/console/privacy/breaches/${cases.breach}`,
    `/console/privacy/erasures/${cases.erasure}`,
    '/console/privacy/retention',
    '/console/privacy/processing'
  ],
  stops: [
    {
      what: 'a request is opened with its clock, shows what is about the person, and is closed',
      visit: async (org, page) => {
        await org.goTo(page, '/console/privacy/requests')
        await page.getByRole('button', { name: 'Open a request' }).click()
        const dialogue = page.getByRole('dialog', { name: 'Open a request' })
        await dialogue.getByRole('textbox', { name: 'Person' }).fill(PERSON)
        await dialogue.getByRole('button', { name: 'Open it' }).click()
        await page.getByRole('heading', { level: 1, name: 'Request: access' }).waitFor()
        await page.getByText(/^(?:27|28|29|30) d (?:[0-9]+ h )?left$/).waitFor()
        assert.ok(!page.url().includes('jane'), 'an id of a person is no part of an address')
        await page.getByRole('button', { name: 'Show all that is about the person' }).click()
        await page.getByRole('link', { name: 'people@1' }).waitFor({ timeout: SEEN_MS })
        await page.getByRole('button', { name: 'Close' }).click()
        const closing = page.getByRole('dialog', { name: 'Close the request' })
        await closing.getByRole('button', { name: 'Close it' }).click()
        await page.getByText('fulfilled in time').waitFor()
        const { requests } = await org.node.client.call('requests', {})
        assert.deepEqual(
          requests.map(({ kind, closed }) => [kind, closed?.outcome]),
          [['access', 'fulfilled']]
        )
      }
    },
    {
      what: 'an erasure shows who confirmed, and its certificate is what the command verifies',
      visit: async (org, page) => {
        await org.goTo(page, `/console/privacy/erasures/${cases.erasure}`)
        await page.getByRole('heading', { level: 1, name: 'Erasure of old-list' }).waitFor()
        await page.getByText('Of 2 devices: 2 confirmed.').waitFor({ timeout: SEEN_MS })
        const saved = page.waitForEvent('download')
        await page.getByRole('button', { name: /: save erasure-[0-9a-f]+\.json$/ }).click()
        const path = join(org.folder, 'certificate.json')
        await (await saved).saveAs(path)
        const { case: id, confirmed } = await org.node.json<{ case: string; confirmed: number }>(
          ...['erase', 'verify', path]
        )
        assert.equal(id, cases.erasure)
        assert.ok(confirmed >= 1, 'at the time that it was issued')
      }
    },
    {
      what: 'a hold is lifted by who sees what waits for that and writes the name',
      visit: async (org, page) => {
        await org.goTo(page, '/console/privacy/retention')
        await page.getByRole('button', { name: 'Lift the hold of people' }).click()
        const title = 'Lift the hold of people'
        await page.getByRole('dialog', { name: title }).getByText('No erasure waits for its end.').waitFor()
        await mean(page, { title, name: 'people', verb: 'Lift' })
        assert.deepEqual((await org.node.client.call('holds', {})).holds, [])
      }
    }
  ]
}
