/** The console in a real Chromium, on a real node: what a person does with it, and what it must never do. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { after, before, describe, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { Cluster, type ClusterNode, LOOPBACK, until } from '../lab/cluster.ts'
import { chromiumPath, launchChromium } from '../lab/console-browser.ts'
import { buildConsole } from '../lab/console-build.ts'
import { freePort } from '../lab/free-port.ts'

const SIZES = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const
/** What the width of a page changes. */
const LAYOUT_RULES = [
  'color-contrast',
  'scrollable-region-focusable',
  'target-size',
  'button-name',
  'link-name'
]
const executable = chromiumPath()
const isMissing = executable === undefined && env.CI !== 'true' ? 'no Chromium is installed here' : false

describe('the console', { skip: isMissing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-console-'))
  const cluster = new Cluster(folder)
  let node: ClusterNode
  let origin: string
  let browser: Browser

  before(async () => {
    assert.ok(executable !== undefined, 'CI has a Chromium')
    buildConsole()
    const port = await freePort()
    origin = `https://127.0.0.1:${port}`
    node = await cluster.found('nas', 'berlin', LOOPBACK, ['--api', `127.0.0.1:${port}`])
    await cluster.join(await cluster.invite(), 'lab-7', 'paris')
    await cluster.meshed()
    writeFileSync(join(folder, 'notes.txt'), 'release notes')
    const { exitCode, stderr } = await node.run('publish', join(folder, 'notes.txt'), '--name', 'notes')
    assert.equal(exitCode, 0, stderr)
    browser = await launchChromium(executable)
  })
  after(async () => {
    await browser?.close()
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What pages did that they must not: fail, break their policy, or call anybody but the node. */
  const faults: string[] = []

  async function open(): Promise<Page> {
    const context = await browser.newContext({
      ...{ viewport: SIZES.desk, ignoreHTTPSErrors: true, colorScheme: 'light', reducedMotion: 'reduce' }
    })
    watch(context)
    return await context.newPage()
  }

  function watch(context: BrowserContext): void {
    context.on('request', request => {
      if (new URL(request.url()).origin !== origin) faults.push(`called ${request.url()}`)
    })
    context.on('weberror', error => faults.push(String(error.error())))
    context.on('console', message => {
      // Whoever is not signed in is answered so when the page asks who is.
      if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text())
    })
  }

  async function signedIn(): Promise<Page> {
    const page = await open()
    const { code } = await node.json<{ code: string }>('console')
    await page.goto(`${origin}/#code=${code}`)
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    return page
  }

  test('a token signs in, a wrong one is told so, and signing out ends it', async () => {
    const page = await open()
    await page.goto(`${origin}/console/datasets`)
    await page.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
    await page.getByLabel('Token').fill('pgt_wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('NOT_SIGNED_IN').waitFor()
    const { token } = await node.json<{ token: string }>('token', 'create', 'desk', '--scope', 'read')
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: 'Datasets' }).waitFor()
    await page.getByRole('link', { name: 'notes' }).click()
    await page.getByText('1 device has all of it').waitFor()
    assert.equal(
      await page.getByRole('button', { name: 'Quarantine' }).count(),
      0,
      'it takes the scope govern'
    )
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Sign in to Peerage' }).waitFor()
    await page.context().close()
  })

  test('a code signs in once and leaves the address; what the node says is shown as it changes', async () => {
    const page = await signedIn()
    assert.equal(new URL(page.url()).hash, '')
    await page.getByTestId('node-line').first().getByText('linked with 1 of 1 peers').waitFor()
    await page.getByRole('link', { name: 'Datasets' }).click()
    await page.getByRole('link', { name: 'notes' }).waitFor()
    writeFileSync(join(folder, 'later.txt'), 'later')
    await node.run('publish', join(folder, 'later.txt'), '--name', 'later')
    await page.getByRole('link', { name: 'later' }).waitFor()
    await page.context().close()
  })

  test('every page is read by everybody: light, dark and on a phone', async () => {
    const page = await signedIn()
    const { devices } = await node.client.call('devices', {})
    const device = devices.find(({ name }) => name === 'lab-7')?.device
    for (const path of [
      '/',
      '/console/network',
      `/console/network/devices/${device}`,
      '/console/datasets',
      '/console/datasets/notes',
      '/console/risk',
      '/console/risk/data-loss',
      '/console/audit?dataset=notes',
      '/console/settings',
      '/console/nothing'
    ]) {
      await page.goto(`${origin}${path}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('[aria-label="Loading"]').first().waitFor({ state: 'detached' })
      await judge(page, `${path} in light`)
      await page.emulateMedia({ colorScheme: 'dark' })
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
      await judge(page, `${path} in dark`, ['color-contrast'])
      await page.setViewportSize(SIZES.phone)
      await page.emulateMedia({ colorScheme: 'light' })
      await judge(page, `${path} on a phone`, LAYOUT_RULES)
      const isWide = await page.evaluate<boolean>(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth'
      )
      assert.ok(!isWide, `${path} is wider than a phone`)
      await page.setViewportSize(SIZES.desk)
    }
    await page.context().close()
  })

  /** Nothing serious for who sees, hears or touches it. */
  async function judge(page: Page, where: string, rules: string[] = []): Promise<void> {
    const axe = new AxeBuilder({ page })
    const { violations } = await (rules.length === 0 ? axe : axe.withRules(rules)).analyze()
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    assert.deepEqual(
      serious.map(({ id, nodes }) => [where, id, nodes.map(({ html }) => html)]),
      []
    )
  }

  test('a device is revoked by who sees what that reaches and writes its name', async () => {
    const page = await signedIn()
    await page.goto(`${origin}/console/network`)
    await page.getByRole('link', { name: 'lab-7' }).click()
    await page.getByRole('button', { name: 'Revoke' }).click()
    const dialogue = page.getByRole('dialog', { name: 'Revoke lab-7 for good' })
    await dialogue.getByText('It may read 2 versions, and will read none.').waitFor()
    const confirm = dialogue.getByRole('button', { name: 'Revoke' })
    assert.equal(await confirm.isDisabled(), true)
    await dialogue.getByRole('textbox', { name: 'Write lab-7 to go on' }).fill('lab-8')
    assert.equal(await confirm.isDisabled(), true)
    await dialogue.getByRole('textbox', { name: 'Reason' }).fill('lost')
    await dialogue.getByRole('textbox', { name: 'Write lab-7 to go on' }).fill('lab-7')
    await confirm.click()
    await dialogue.getByText('It is in force').waitFor()
    await dialogue.getByRole('button', { name: 'Close' }).last().click()
    await page.getByText('It is revoked').waitFor()
    const { devices } = await node.client.call('devices', {})
    assert.equal(devices.find(({ name }) => name === 'lab-7')?.standing, 'revoked')
    await until('the link is cut', 10_000, async () => {
      return (await node.client.call('status', {})).peersConnected === 0
    })
    await page.context().close()
  })

  test('no page failed, broke its policy, or called anybody but the node', () => {
    assert.deepEqual(faults, [])
  })
})
