/** A person of the org signs in at its provider, on its pages, and comes back. */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import {
  CLIENT_ID,
  CLIENT_SECRET,
  RealProvider
} from '../../src/gateway/sign-in/real-provider.conformance.ts'
import { askForToken } from './dialogues.ts'

async function signInAs(page: Page, person: string): Promise<void> {
  await page.locator('input[name="login"]').fill(person)
  await page.locator('input[name="password"]').fill('any')
  await page.locator('button[type="submit"]').click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
}

/** Of this sign-in the provider has not said when the person last proved who they are. */
async function proveAnew(org: ConsoleOrg, page: Page): Promise<void> {
  const make = () => askForToken({ org, page }, { name: 'anew', scope: 'read' })
  org.mayRefuse('/v1/tokens')
  const refused = await make()
  await refused.getByText('SIGN_IN_STALE').waitFor()
  await org.isFair(page, 'the request to sign in again')
  await refused.getByRole('link', { name: 'Sign in again with' }).click()
  await signInAs(page, 'alice')
  await (await make()).getByTestId('token').waitFor()
  await page.getByRole('button', { name: 'I have it' }).click()
}

async function signInAtProvider(org: ConsoleOrg): Promise<void> {
  const redirect = `${org.origin}/sign-in/callback`
  const provider = await RealProvider.start({ groups: { alice: ['storage'] }, redirect })
  try {
    const secret = join(org.folder, 'client.secret')
    writeFileSync(secret, CLIENT_SECRET)
    const set = ['--issuer', provider.issuer, '--client-id', CLIENT_ID, '--secret-file', secret]
    const roles = ['--ask', 'groups', '--map', 'storage=operator']
    await org.node.done('signin', 'set', ...set, ...roles)
    const page = await org.open(provider.issuer)
    await page.goto(org.origin)
    await page.getByRole('link', { name: `Sign in with ${new URL(provider.issuer).host}` }).click()
    await signInAs(page, 'alice')
    assert.equal(new URL(page.url()).origin, org.origin)
    const { sessions } = await org.node.client.call('sessions', {})
    const signed = sessions.find(({ by }) => by === 'provider')
    assert.match(signed?.who ?? '', /^person [0-9a-f]{16}$/)
    assert.deepEqual([...(signed?.scopes ?? [])].sort(), ['content', 'read', 'settings'])
    await proveAnew(org, page)
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
    await page.context().close()
    await org.node.done('signin', 'unset')
  } finally {
    await provider.stop()
  }
}

export const providerTour: ConsoleTour = {
  paths: () => [],
  stops: [
    {
      what: 'a person signs in at the provider of the org, comes back, and again where that is asked for',
      visit: signInAtProvider
    }
  ]
}
