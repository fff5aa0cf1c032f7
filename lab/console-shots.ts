/**
 * Pictures of the console for the docs: an org of real nodes on loopback, and a version on its way between them.
 * `node lab/console-shots.ts [FOLDER]`; by default into docs/console/.
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv } from 'node:process'
import type { Browser, Page } from 'playwright-core'
import { Cluster, type ClusterNode, type CommandResult, LOOPBACK } from './cluster.ts'
import { chromiumPath, launchChromium } from './console-browser.ts'
import { buildConsole } from './console-build.ts'
import { freePort } from './free-port.ts'

const SITES = ['berlin', 'berlin', 'paris', 'paris', 'lisbon', 'oslo']
const VERSION_BYTES = 48_000_000
const SLOW = '700kB/s'
const SIZES = { desk: { width: 1360, height: 860 }, phone: { width: 390, height: 844 } } as const
const SETTLE_MS = 4_000

/** What is pictured: a page, and what is done there first. */
interface Shot {
  readonly name: string
  readonly path: string
  readonly scheme?: 'light' | 'dark'
  readonly size?: keyof typeof SIZES
  readonly first?: (page: Page) => Promise<void>
}

const SHOTS: readonly Shot[] = [
  { name: 'dataset', path: '/console/datasets/os-image' },
  { name: 'network', path: '/console/network' },
  { name: 'overview', path: '/' },
  { name: 'overview-dark', path: '/', scheme: 'dark' },
  { name: 'dataset-phone', path: '/console/datasets/os-image', size: 'phone', scheme: 'dark' },
  {
    ...{ name: 'revoke', path: '/console/network' },
    first: async page => {
      await page.getByRole('link', { name: 'lisbon-4' }).click()
      await page.getByRole('button', { name: 'Revoke' }).click()
    }
  }
]

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
    const address = await org(cluster, folder)
    const browser = await launchChromium(executable)
    try {
      for (const shot of SHOTS) await shoot(browser, { shot, address: await address(), target })
    } finally {
      await browser.close()
    }
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function shoot(
  browser: Browser,
  { shot, address, target }: { readonly shot: Shot; readonly address: string; readonly target: string }
): Promise<void> {
  const { name, path, scheme = 'light', size = 'desk', first } = shot
  const viewport = SIZES[size]
  const context = await browser.newContext({ viewport, colorScheme: scheme, ignoreHTTPSErrors: true })
  const page = await context.newPage()
  await page.goto(address)
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  if (path !== '/') await page.goto(new URL(path, address).href)
  await first?.(page)
  await page.waitForTimeout(SETTLE_MS)
  await page.screenshot({ path: join(target, `${name}.png`) })
  await context.close()
}

async function done(running: Promise<CommandResult>): Promise<void> {
  const { exitCode, stdout, stderr } = await running
  if (exitCode !== 0) throw new Error(`${stdout}${stderr}`)
}

/** Nodes in several sites, with something published, something stored and something on its way. */
async function org(cluster: Cluster, folder: string): Promise<() => Promise<string>> {
  const port = await freePort()
  const first = await cluster.found('build-1', SITES[0] ?? '', LOOPBACK, ['--api', `127.0.0.1:${port}`])
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
  return async () => {
    const { code } = await first.json<{ code: string }>('console')
    return `https://127.0.0.1:${port}/#code=${code}`
  }
}

await main()
