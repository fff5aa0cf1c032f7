/** A screen on a wall: signed in by an address, with nothing to do, for as long as its token lives. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { until } from '../../lab/cluster.ts'
import type { ConsoleOrg, ConsoleTour } from '../../lab/console-org.ts'
import { askForToken } from './dialogues.ts'

const BACK_MS = 30_000
const NEEDS_WATCH = '/v1/status'
const NEEDS_READ = '/v1/devices'

/** Ids of the sessions that rest on a token of this name. */
async function sessionsOf({ node }: ConsoleOrg, name: string): Promise<readonly string[]> {
  const { sessions } = await node.client.call('sessions', {})
  return sessions.filter(({ who }) => who.startsWith(`token ${name} (`)).map(({ id }) => id)
}

async function makesLink(org: ConsoleOrg, page: Page, name: string): Promise<string> {
  const dialogue = await askForToken({ org, page }, { name, scope: 'watch' })
  const link = await dialogue.getByTestId('wall-link').textContent()
  await dialogue.getByRole('button', { name: 'I have it' }).click()
  return link ?? assert.fail('there is an address for the screen')
}

async function status(page: Page, path: string): Promise<number> {
  return await page.evaluate<number>(`fetch(${JSON.stringify(path)}).then(({ status }) => status)`)
}

async function watches(org: ConsoleOrg): Promise<void> {
  // A page of its own: making a token takes a sign-in of a moment ago.
  const desk = await org.signedIn()
  const screen = await org.open()
  await screen.goto(await makesLink(org, desk, 'hall'))
  await desk.context().close()
  await screen.getByRole('heading', { name: 'Newest versions' }).waitFor()
  assert.equal(screen.url(), `${org.origin}/console/wall`, 'the token has left the address')
  assert.equal(await screen.getByRole('link').count(), 0)
  assert.equal(await screen.getByRole('button').count(), 1, 'for dark colours')
  org.mayRefuse(NEEDS_READ)
  assert.deepEqual([await status(screen, NEEDS_WATCH), await status(screen, NEEDS_READ)], [200, 403])
  assert.equal(await status(screen, '/console/wall'), 200, 'it can be loaded anew')
  await screen.goto(`${org.origin}/console/settings`)
  await screen.getByRole('heading', { name: 'Newest versions' }).waitFor()

  const [before = ''] = await sessionsOf(org, 'hall')
  await org.node.client.call('endNamedSession', { id: before })
  await until('the screen has signed in again', BACK_MS, async () => {
    const [now] = await sessionsOf(org, 'hall')
    return now !== undefined && now !== before
  })
  await screen.getByRole('heading', { name: 'Newest versions' }).waitFor()

  const { tokens } = await org.node.client.call('tokens', {})
  const id = tokens.find(({ name }) => name === 'hall')?.id ?? assert.fail('there is the token')
  await org.node.client.call('revokeToken', { id })
  await screen.getByText('You were signed out').waitFor()
  await screen.reload()
  await screen.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
  await screen.context().close()
}

export const wallTour: ConsoleTour = {
  paths: () => ['/console/wall'],
  stops: [
    {
      what: 'a screen on a wall is signed in by an address, can do nothing, and comes back until its token ends',
      visit: watches
    },
    {
      what: 'an address with a token that may do more signs nobody in',
      visit: async org => {
        const { token } = await org.node.json<{ token: string }>('token', 'create', 'many', '--scope', 'read')
        const page = await org.open()
        await page.goto(`${org.origin}/console/wall#token=${token}`)
        await page.getByRole('alert').getByText('somebody may have seen what can do harm').waitFor()
        assert.equal(page.url(), `${org.origin}/console/wall`)
        assert.deepEqual(await sessionsOf(org, 'many'), [])
        await page.context().close()
      }
    }
  ]
}
