/**
 * Pictures of the console for the docs: an org of real nodes on loopback, a version on its way between them, and each
 * page in light, dark and on a phone. `node lab/console-shots.ts [FOLDER]`; by default into docs/console/.
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv } from 'node:process'
import type { Page } from 'playwright-core'
import { Cluster, type ClusterNode, type CommandResult } from './cluster.ts'
import { chromiumPath, launchChromium } from './console-browser.ts'
import { buildConsole } from './console-build.ts'
import { freePort } from './free-port.ts'

const SITES = ['berlin', 'berlin', 'paris', 'paris', 'lisbon', 'oslo']
const VERSION_BYTES = 48_000_000
const SLOW = '1MB/s'
const SIZES = { desk: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } } as const
const SETTLE_MS = 2_500

async function main(): Promise<void> {
  const executable = chromiumPath()
  if (executable === undefined)
    throw new Error('these pictures take a Chromium: install the package chromium')
  buildConsole()
  const target = argv[2] ?? new URL('../docs/console', import.meta.url).pathname
  mkdirSync(target, { recursive: true })
  const folder = mkdtempSync(join(tmpdir(), 'peerage-console-'))
  const cluster = new Cluster(folder)
  try {
    const { address } = await org(cluster, folder)
    const browser = await launchChromium(executable)
    try {
      for (const scheme of ['light', 'dark'] as const)
        for (const [size, viewport] of Object.entries(SIZES)) {
          if (size === 'phone' && scheme === 'dark') continue
          const context = await browser.newContext({ viewport, colorScheme: scheme, ignoreHTTPSErrors: true })
          const page = await context.newPage()
          const code = await address()
          await shoot(page, code, async name => {
            await page.screenshot({ path: join(target, `${name}-${size}-${scheme}.png`) })
          })
          await context.close()
        }
    } finally {
      await browser.close()
    }
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function done(running: Promise<CommandResult>): Promise<void> {
  const { exitCode, stdout, stderr } = await running
  if (exitCode !== 0) throw new Error(`${stdout}${stderr}`)
}

/** Nodes in several sites, with something published, something stored and something on its way. */
async function org(cluster: Cluster, folder: string): Promise<{ address: () => Promise<string> }> {
  const port = await freePort()
  const first = await cluster.found('build-1', SITES[0] ?? '')
  await first.stop()
  await first.up('--api', `127.0.0.1:${port}`)
  const ticket = await cluster.invite(SITES.length)
  const others: ClusterNode[] = []
  for (const [index, site] of SITES.slice(1).entries())
    others.push(await cluster.join(ticket, `${site}-${index + 1}`, site))
  await cluster.meshed()
  const content = join(folder, 'image')
  mkdirSync(content)
  for (const name of ['kernel.img', 'rootfs.img'])
    writeFileSync(join(content, name), randomBytes(VERSION_BYTES / 2))
  writeFileSync(join(content, 'notes.txt'), 'release notes')
  await done(first.run('publish', content, '--name', 'os-image'))
  await done(
    first.run('publish', join(content, 'notes.txt'), '--name', 'handbook', '--class', 'confidential')
  )
  const [one, ...slow] = others
  if (one !== undefined) await done(one.run('get', 'os-image', join(folder, 'got-0')))
  for (const [index, node] of slow.entries()) {
    await done(node.run('limits', 'set', '--down', SLOW))
    await node.client.call('startTransfer', {
      ...{ name: 'os-image', version: null, destination: join(folder, `got-${index + 1}`) }
    })
  }
  return {
    address: async () => {
      const { code } = await first.json<{ code: string }>('console')
      return `https://127.0.0.1:${port}/#code=${code}`
    }
  }
}

async function shoot(page: Page, address: string, picture: (name: string) => Promise<void>): Promise<void> {
  await page.goto(address)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.waitForTimeout(SETTLE_MS)
  await picture('overview')
  const origin = new URL(address).origin
  for (const [name, path] of [
    ['network', '/console/network'],
    ['datasets', '/console/datasets'],
    ['dataset', '/console/datasets/os-image']
  ] as const) {
    await page.goto(`${origin}${path}`)
    await page.waitForTimeout(SETTLE_MS)
    await picture(name)
  }
  await page.goto(`${origin}/console/network`)
  await page.getByRole('link', { name: 'lisbon-4' }).click()
  await page.getByRole('heading', { level: 1, name: 'lisbon-4' }).waitFor()
  await page.waitForTimeout(SETTLE_MS)
  await picture('device')
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.waitForTimeout(SETTLE_MS)
  await picture('revoke')
}

await main()
