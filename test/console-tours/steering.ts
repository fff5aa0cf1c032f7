/** What is set and undone from the console, the dangerous by who writes the name of what it is done to. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import { askForToken, choose, leave, type Meant, mean, press } from './dialogues.ts'

async function whyClosed({ node }: ConsoleOrg, name: string): Promise<string | null> {
  return (await node.client.call('readers', { name })).closed?.reason ?? null
}

async function withdraw(org: ConsoleOrg, page: Page): Promise<void> {
  const act = async (meant: Meant): Promise<void> => {
    await press(page, meant.verb)
    await mean(page, meant)
  }
  const name = 'withdrawn'
  await org.goTo(page, `/console/datasets/${name}`)
  await act({ verb: 'Quarantine', title: 'Quarantine withdrawn@1', name, reason: 'looked at' })
  assert.equal(await whyClosed(org, 'withdrawn'), 'quarantined')
  await page.getByText('It is closed: quarantined').waitFor()
  await act({ verb: 'Release', title: 'Release withdrawn@1', name })
  assert.equal(await whyClosed(org, 'withdrawn'), null)
  await act({ verb: 'Recall', title: 'Recall withdrawn@1', name })
  assert.equal(await whyClosed(org, 'withdrawn'), 'recalled')
  await org.goTo(page, '/console/datasets/forgotten')
  const erased = { verb: 'Erase', name: 'forgotten', reason: 'asked for' }
  await act({ ...erased, title: 'Erase forgotten@1 everywhere' })
  assert.equal(await whyClosed(org, 'forgotten'), 'erased')
  const { cases } = await org.node.client.call('erasureCases', {})
  const erasure = cases.find(({ names }) => names.includes('forgotten'))
  await org.goTo(page, '/console/datasets')
  for (const [dataset, state] of [
    ['withdrawn', 'recalled'],
    ['forgotten', 'erased']
  ] as const)
    await page.getByRole('row', { name: dataset }).getByText(state).waitFor()
  assert.deepEqual([erasure?.kind, erasure?.basis, erasure?.reason], ['erasure', 'art17', 'asked for'])
}

async function letRead(org: ConsoleOrg, page: Page): Promise<void> {
  const { client } = org.node
  await org.goTo(page, '/console/datasets/shared')
  await page.getByRole('button', { name: 'Grant it' }).click()
  const grant = page.getByRole('dialog', { name: 'Let somebody read shared' })
  await choose(page, 'Device or group', /^lab-7/)
  await grant.getByText('1 device may read it that can not now').waitFor()
  await grant.getByRole('textbox', { name: 'Purpose' }).fill('acceptance')
  await grant.getByRole('button', { name: 'Grant it' }).click()
  await leave(page, 'Let somebody read shared')
  const readers = async (): Promise<(string | null)[]> =>
    (await client.call('readers', { name: 'shared' })).devices.map(({ name, purpose }) => purpose ?? name)
  assert.deepEqual((await readers()).sort(), ['acceptance', 'nas'])
  await page.getByRole('button', { name: 'Revoke the grant to lab-7' }).click()
  await mean(page, { title: 'Revoke the grant to lab-7', name: 'lab-7', verb: 'Revoke' })
  assert.deepEqual(await readers(), ['nas'])
  await press(page, 'Wrap the keys anew')
  await press(page, 'Wrap them')
  await page.getByText('The keys of shared@1 are wrapped for 1 device or group.').waitFor()
  await leave(page, 'Wrap the keys of shared anew')
  await page.getByRole('button', { name: 'Change the policy' }).click()
  const policy = page.getByRole('dialog', { name: 'How shared is stored' })
  await policy.getByRole('textbox', { name: 'Copies' }).fill('4')
  await policy.getByText(/copies are missing, as no other device that may hold it offers room/).waitFor()
  await org.isFair(page, 'the form of a storage policy')
  await policy.getByRole('button', { name: 'Set it' }).click()
  await leave(page, 'How shared is stored')
  assert.equal((await client.call('versionStorage', { name: 'shared' })).policy, 'copies=4,sites=1')
}

/** On a page of its own: it takes a sign-in of a moment ago. */
async function makeToken(org: ConsoleOrg): Promise<void> {
  const { client } = org.node
  const page = await org.signedIn()
  const making = await askForToken({ org, page }, { name: 'tour', scope: 'read' })
  const token = (await making.getByTestId('token').textContent()) ?? ''
  const named = async (): Promise<number> =>
    (await client.call('tokens', {})).tokens.filter(({ name }) => name === 'tour').length
  assert.deepEqual([await named(), /^pgt_[0-9a-f]{12}_/.test(token)], [1, true])
  await making.getByRole('button', { name: 'I have it' }).click()
  await making.waitFor({ state: 'detached' })
  assert.ok(!(await page.content()).includes(token), 'it is shown once')
  await page.getByRole('button', { name: 'End the token tour' }).click()
  await mean(page, { title: 'End the token tour', name: 'tour', verb: 'End' })
  assert.equal(await named(), 0)
  await page.context().close()
}

async function limits(org: ConsoleOrg, page: Page): Promise<void> {
  const { client } = org.node
  await org.goTo(page, '/console/settings')
  await page.getByRole('button', { name: 'Add a limit' }).click()
  const limit = page.getByRole('dialog', { name: 'Limit the traffic of this node' })
  await limit.getByRole('textbox', { name: 'Rate' }).fill('5MB')
  await limit.getByRole('textbox', { name: 'Rate' }).fill('5MBs')
  await limit.getByText('write a rate such as').waitFor()
  assert.equal(await limit.getByRole('button', { name: 'Set it' }).isDisabled(), true)
  await org.isFair(page, 'the form of a limit')
  await limit.getByRole('textbox', { name: 'Rate' }).fill('900MB/s')
  await limit.getByRole('button', { name: 'Set it' }).click()
  await leave(page, 'Limit the traffic of this node')
  const rules = async () => (await client.call('limits', {})).rules
  const [rule] = await rules()
  assert.deepEqual([rule?.bytesPerSecond, rule?.direction, rule?.link], [900e6, 'down', 'wan'])
  await page.getByRole('button', { name: `End the limit ${rule?.id}` }).click()
  await page.getByText('There are no limits').waitFor()
  assert.deepEqual(await rules(), [])
}

async function signOut(org: ConsoleOrg, page: Page): Promise<void> {
  const other = await org.signedIn()
  const before = await org.node.client.call('sessions', {})
  const [newest] = before.sessions
  assert.ok(newest !== undefined)
  await page.goto(`${org.origin}/console/settings`)
  await page.getByRole('button', { name: `Sign out ${newest.who}` }).click()
  await mean(page, { title: `Sign out ${newest.who}`, name: newest.id, verb: 'Sign out' })
  await other.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
  const left = (await org.node.client.call('sessions', {})).sessions.map(({ id }) => id)
  assert.ok(!left.includes(newest.id))
  await other.context().close()
}

async function acceptRisk(org: ConsoleOrg, page: Page): Promise<void> {
  await org.goTo(page, '/console/risk/data-loss')
  await page.getByRole('button', { name: 'Accept', exact: true }).click()
  const title = /^Accept the risk:/
  const dialogue = page.getByRole('dialog', { name: title })
  const heading = (await dialogue.getByRole('heading').first().textContent()) ?? ''
  await mean(page, { title: heading, name: 'data-loss', verb: 'Accept', reason: 'for the tour' })
  const { acceptances } = await org.node.client.call('risk', { id: 'data-loss' })
  assert.deepEqual(
    acceptances.map(({ reason }) => reason),
    ['for the tour']
  )
}

export const steeringTour: ConsoleTour = {
  prepare: async org => {
    for (const name of ['withdrawn', 'forgotten']) await org.publish(name, name)
    await org.publish('shared', 'shared', '--class', 'confidential')
  },
  paths: () => ['/console/datasets/shared'],
  stops: [
    {
      what: 'a version is quarantined, released and recalled, and one erased, by its name alone',
      visit: withdraw
    },
    { what: 'a grant is given and revoked, and a storage policy set after what it would do', visit: letRead },
    { what: 'a token is shown once and ended by its name', visit: makeToken },
    { what: 'a limit is set and ended', visit: limits },
    { what: 'a browser is signed out from another', visit: signOut },
    { what: 'a risk is accepted by who writes its name', visit: acceptRisk }
  ]
}
