/** The ledger, operation by operation. */

import assert from 'node:assert/strict'
import type { ConsoleTour } from '../../lab/console-org.ts'

let enrolment = ''

export const ledgerTour: ConsoleTour = {
  prepare: async ({ node }) => {
    const { operations } = await node.client.call('operations', { type: 'device.enrol', about: 'lab-7' })
    enrolment = operations[0]?.operation ?? ''
    assert.notEqual(enrolment, '')
  },
  paths: () => [
    '/console/ledger',
    '/console/ledger/feeds',
    '/console/ledger/authority',
    '/console/ledger/proof',
    `/console/ledger/operations/${enrolment}`
  ],
  stops: [
    {
      what: 'an operation is found by what it names, and shown with its signature and its causes',
      visit: async (org, page) => {
        await org.goTo(page, '/console/ledger?type=device.enrol')
        await page.getByRole('textbox', { name: 'About' }).fill('lab-7')
        await page.getByText(/1 of 1 operation shown/).waitFor()
        await page.getByRole('table', { name: 'Operations' }).getByRole('link').click()
        await page.getByRole('heading', { level: 1, name: 'enrols lab-7' }).waitFor()
        await page.getByText('good, of nas').waitFor()
        await page.getByText('as admin, rank 1').waitFor()
        // What is signed later follows by itself.
        await org.node.done('note', 'seen', '--about', enrolment)
        await org.goTo(page, '/console/ledger?type=note')
        await page.getByText(/^Notes about operation [0-9a-f]+: seen$/).waitFor()
      }
    }
  ]
}
