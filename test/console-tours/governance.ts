/** What takes more admins than one: roots and their votes, and operations that wait to be approved. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { until } from '../../lab/cluster.ts'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import type { RootChange } from '../../src/api/authority.ts'
import { DAY_MS } from '../../src/base/units.ts'
import { confirm, mean, press } from './dialogues.ts'

const KNOWN_MS = 30_000
/** Operations that the tours do. */
const TYPES = ['content.erase', 'role.grant']
const TITLE = 'Sign root version 2'

/** Roots that this device proposed and did not sign. */
async function proposed({ node }: ConsoleOrg, change: RootChange): Promise<string> {
  return (await node.client.call('propose', { changes: [change], sign: false })).hash
}

async function signsRoot(org: ConsoleOrg, page: Page): Promise<void> {
  const { node } = org
  const wanted = await proposed(org, { kind: 'admins', add: ['lab-7'], remove: [] })
  const refused = await proposed(org, { kind: 'expires', atMs: Date.now() + 365 * DAY_MS })
  const signedBy = async (hash: string): Promise<number | undefined> => {
    const { proposals } = await node.client.call('authority', {})
    return proposals.find(each => each.hash === hash)?.formerAdmins.signed.length
  }
  const sign = async (hash: string): Promise<void> => {
    const card = page.getByText(`Root version 2, ${hash.slice(0, 8)}`).locator('..')
    await card.getByRole('button', { name: 'Sign it' }).click()
  }
  const vote = { title: TITLE, name: 'acme', verb: 'Sign it' }
  org.mayRefuse(`/v1/authority/proposals/${refused}/vote`)
  await org.goTo(page, '/console/ledger/authority')
  await sign(wanted)
  await mean(page, { ...vote, outcome: 'It waits' })
  assert.equal(await signedBy(wanted), 1)
  await sign(refused)
  await confirm(page, vote)
  await page
    .getByRole('dialog', { name: TITLE })
    .getByRole('alert')
    .getByText(/signed root [0-9a-f]+ of version 2 before/)
    .waitFor()
  await press(page, 'Leave it')
  assert.equal(await signedBy(refused), 0)
  await votesToo(org, wanted)
  await page.getByRole('heading', { name: 'Root version 2' }).waitFor()
}

/** The other admin signs a root that this node told of. */
async function votesToo({ other }: ConsoleOrg, proposal: string): Promise<void> {
  await until('the other admin can vote', KNOWN_MS, async () => {
    const { proposals } = await other.client.call('authority', {})
    return proposals.some(({ hash }) => hash === proposal)
  })
  await other.client.call('vote', { proposal, vote: null })
}

/** From here on what these tours do takes both admins. */
async function needTwo(org: ConsoleOrg): Promise<void> {
  const changes = TYPES.map((type): RootChange => ({ kind: 'approvals', type, admins: 2 }))
  const { client } = org.node
  const { hash } = await client.call('propose', { changes, sign: true })
  await votesToo(org, hash)
  await until('both admins signed', KNOWN_MS, async () => (await client.call('authority', {})).hash === hash)
}

/** The first admin alone governs again, and nothing takes approvals. The other has signed that already. */
async function removesAdmin(org: ConsoleOrg, page: Page): Promise<void> {
  const { client } = org.node
  const changes: RootChange[] = [
    ...TYPES.map((type): RootChange => ({ kind: 'approvals', type, admins: 1 })),
    { kind: 'admins', add: [], remove: ['lab-7'] },
    { kind: 'threshold', threshold: 1 }
  ]
  const { hash, version } = await client.call('propose', { changes, sign: false })
  await votesToo(org, hash)
  await until('its signature is here', KNOWN_MS, async () => {
    const { proposals } = await client.call('authority', {})
    return proposals.some(each => each.hash === hash && each.formerAdmins.signed.length === 1)
  })
  await org.goTo(page, '/console/ledger/authority')
  await press(page, 'Sign it')
  const title = `Sign root version ${version}`
  await page
    .getByRole('dialog', { name: title })
    .getByText(/^removes admin lab-7 /)
    .waitFor()
  await mean(page, { title, name: 'acme', verb: 'Sign it' })
  const { admins } = await client.call('authority', {})
  assert.deepEqual(
    admins.map(({ name }) => name),
    ['nas']
  )
}

async function approvesInLedger(org: ConsoleOrg, page: Page): Promise<void> {
  const { node, other } = org
  await needTwo(org)
  const { operations } = await other.client.call('erase', { name: 'agreed', basis: 'contract' })
  const id = operations[0]?.operation ?? ''
  await org.goTo(page, `/console/ledger/operations/${id}`)
  await press(page, 'Approve')
  const dialogue = page.getByRole('dialog', { name: /^Approve: lab-7 erases/ })
  await dialogue.getByText(/destroys its keys/).waitFor()
  await dialogue.getByText(/^agreed@1: 1 device known to have all of it/).waitFor()
  const title = (await dialogue.getByRole('heading').textContent()) ?? ''
  await mean(page, { title, name: 'agreed', verb: 'Approve' })
  assert.equal((await node.client.call('readers', { name: 'agreed' })).closed?.reason, 'erased')

  const own = await node.client.call('grantRole', { device: 'lab-7', role: 'auditor' })
  await org.goTo(page, `/console/ledger/operations/${own.operation}`)
  await page.getByText('nas agrees to it already: other admins have to.').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Approve' }).count(), 0)
}

async function approvesFromList(org: ConsoleOrg, page: Page): Promise<void> {
  const { node, other } = org
  const copies = async (): Promise<number | undefined> =>
    (await node.client.call('classes', {})).classes.find(({ dataClass }) => dataClass === 'internal')?.copies
  const before = await copies()
  await org.goTo(page, '/console/settings')
  const { says } = await other.client.call('setClass', { dataClass: 'internal', changes: { copies: 3 } })
  const title = `Approve: lab-7 ${says}`
  await press(page, title)
  const dialogue = page.getByRole('dialog', { name: title })
  await dialogue.getByText(/datasets are of this class/).waitFor()
  await org.isFair(page, 'an approval')
  assert.equal(await copies(), before, 'nothing is done by a click')
  await mean(page, { title, name: 'internal', verb: 'Approve' })
  assert.equal(await copies(), 3)
  await page.getByRole('button', { name: title }).waitFor({ state: 'detached' })
}

export const governanceTour: ConsoleTour = {
  prepare: async org => await org.publish('agreed', 'to be erased'),
  paths: () => [],
  stops: [
    {
      what: 'a root is signed by who writes the name of the org, and no other of its version after it',
      visit: signsRoot
    },
    {
      what: 'what waits is approved in the ledger after what it reaches, once by each admin',
      visit: approvesInLedger
    },
    { what: 'what waits in a list is approved by its name too, and not at a click', visit: approvesFromList },
    {
      what: 'an admin is removed by who sees what changes with it and writes the name of the org',
      visit: removesAdmin
    }
  ]
}
