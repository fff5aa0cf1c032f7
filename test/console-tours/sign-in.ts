/** Who signs in, how, and until when; and that what is shown is what is. */

import assert from 'node:assert/strict'
import type { ConsoleTour } from '../../lab/console-org.ts'

export const signInTour: ConsoleTour = {
  paths: () => ['/', '/console/nothing'],
  stops: [
    {
      what: 'a token signs in, a wrong one is told so, and signing out ends it',
      visit: async org => {
        const page = await org.open()
        await page.goto(`${org.origin}/console/datasets`)
        await page.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
        await page.getByLabel('Token').fill('pgt_wrong')
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByRole('alert').getByText('NOT_SIGNED_IN').waitFor()
        const { token } = await org.node.json<{ token: string }>('token', 'create', 'desk', '--scope', 'read')
        await page.getByLabel('Token').fill(token)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByRole('heading', { level: 1, name: 'Datasets' }).waitFor()
        await page.getByRole('link', { name: 'notes' }).click()
        await page.getByText('1 device has all of it').waitFor()
        const quarantine = page.getByRole('button', { name: 'Quarantine' })
        assert.equal(await quarantine.count(), 0, 'it takes the scope govern')
        await page.getByRole('button', { name: 'Sign out' }).click()
        await page.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
        await page.reload()
        await page.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
        await page.context().close()
      }
    },
    {
      what: 'a code signs in once and leaves the address',
      visit: async org => {
        const page = await org.signedIn()
        assert.equal(new URL(page.url()).hash, '')
        await page.getByTestId('node-line').first().getByText('linked with 1 of 1 peers').waitFor()
        await page.context().close()
      }
    }
  ]
}
