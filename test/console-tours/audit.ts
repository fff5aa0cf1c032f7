/** Who did what: the audit logs, without what the one who looks only looked at. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import type { AuditRecord } from '../../src/api/audit.ts'

const SHOWN = 20
const MANY = 10_000

/** A call by which a browser of the owner only looked: of routes that this test can be sure of. */
function isLook({ event }: AuditRecord): boolean {
  const { action, by, outcome, route } = event
  return (
    action === 'called' &&
    String(by).startsWith('browser of the owner') &&
    outcome === 'done' &&
    ['status', 'activity', 'live', 'session', 'devices', 'datasets', 'audit'].includes(String(route))
  )
}

const keyOf = ({ device, incarnation, seq }: AuditRecord): string => `${device.device} ${incarnation} ${seq}`

async function leavesOutLooks({ node }: ConsoleOrg): Promise<void> {
  const ask = (looks: 'all' | 'of-others', limit: number) => node.client.call('audit', { looks, limit })
  const part = await ask('of-others', SHOWN)
  const without = await ask('of-others', MANY)
  const all = await ask('all', MANY)
  assert.equal(part.entries.length, SHOWN, 'as many as are asked for, whatever is left out')
  assert.ok(part.leftOut > 0 && without.leftOut > part.leftOut)
  assert.equal(all.leftOut, 0)
  assert.deepEqual(without.entries.filter(isLook), [])
  assert.ok(all.entries.some(isLook))
  // Nothing else is gone: each of them is there, and what is not was a call.
  const left = new Set(without.entries.map(keyOf))
  for (const entry of all.entries)
    assert.ok(left.has(keyOf(entry)) || entry.action === 'called', keyOf(entry))
  assert.ok(
    without.entries.some(({ event }) => event.route === 'beginSession'),
    'that a browser signed in stays'
  )
}

async function showsThem({ origin }: ConsoleOrg, page: Page): Promise<void> {
  const entries = page.getByRole('table', { name: 'Entries' })
  const rows = async (): Promise<number> => Number(await entries.getAttribute('aria-rowcount'))
  const leftOut = page.getByText(/entries of what you only looked at left out/)
  await leftOut.waitFor()
  const before = await rows()
  await page.getByRole('switch', { name: 'Leave out what you only looked at' }).click()
  await leftOut.waitFor({ state: 'detached' })
  assert.ok((await rows()) > before)
  assert.equal(page.url(), `${origin}/console/audit?looks=all`)
}

export const auditTour: ConsoleTour = {
  paths: () => ['/console/audit?looks=all'],
  stops: [
    {
      what: 'what the one who looks only looked at is left out of the audit log until it is asked for',
      visit: async (org, page) => {
        await leavesOutLooks(org)
        await org.goTo(page, '/console/audit')
        await showsThem(org, page)
      }
    }
  ]
}
