/** Datasets and what is done with them. */

import type { ConsoleTour } from '../../lab/console-org.ts'

export const datasetsTour: ConsoleTour = {
  paths: () => ['/console/datasets', '/console/datasets/notes', '/console/audit?dataset=notes'],
  stops: [
    {
      what: 'what the node says is shown as it changes',
      visit: async (org, page) => {
        await page.getByRole('link', { name: 'Datasets' }).click()
        await page.getByRole('link', { name: 'notes' }).waitFor()
        await org.publish('later', 'later')
        await page.getByRole('link', { name: 'later' }).waitFor()
      }
    }
  ]
}
