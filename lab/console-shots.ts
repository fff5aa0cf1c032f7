/**
 * Pictures of the console for the docs: an org of real nodes on loopback, and a version on its way between them.
 * `node lab/console-shots.ts [FOLDER] [NAME...]`; by default all of them, into docs/console/.
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv } from 'node:process'
import type { Browser, Page } from 'playwright-core'
import type { RootChange } from '../src/api/authority.ts'
import { defined } from '../src/base/assert.ts'
import { Cluster, type ClusterNode, LOOPBACK, until } from './cluster.ts'
import { chromiumPath, launchChromium } from './console-browser.ts'
import { buildConsole } from './console-build.ts'
import { furnish } from './console-office.ts'
import { freePort } from './free-port.ts'

const SITES = ['berlin', 'berlin', 'paris', 'paris', 'lisbon', 'oslo']
const VERSION_BYTES = 48_000_000
const ROOM = '2GB'
const SLOW = '700kB/s'
const SLOWER = '100kB/s'
const SIZES = {
  desk: { width: 1360, height: 860 },
  phone: { width: 390, height: 844 },
  wall: { width: 1920, height: 1080 }
} as const
/** Pictured as of a screen that can only watch. */
const WALL = '/console/wall'
/** Until a page that measures what it shows has something to say. */
const SETTLE_MS = 7_000
const MESH_MS = 60_000
const DEADLINE_MS = 30 * 60_000

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
  { name: 'wall', path: WALL, size: 'wall', scheme: 'dark' },
  { name: 'overview-dark', path: '/', scheme: 'dark' },
  { name: 'dataset-phone', path: '/console/datasets/os-image', size: 'phone', scheme: 'dark' },
  {
    ...{ name: 'revoke', path: '/console/network' },
    first: async page => {
      await page.getByRole('link', { name: 'lisbon-4' }).click()
      await page.getByRole('button', { name: 'Revoke' }).click()
    }
  },
  {
    ...{ name: 'policy', path: '/console/datasets/os-image' },
    first: async page => {
      await page.getByRole('button', { name: 'Change the policy' }).click()
      const form = page.getByRole('dialog')
      await form.getByRole('textbox', { name: 'Copies' }).fill('3')
      await form.getByRole('textbox', { name: 'Over sites, at the least' }).fill('2')
    }
  },
  {
    ...{ name: 'grant', path: '/console/datasets/handbook' },
    first: async page => {
      await page.getByRole('button', { name: 'Grant it' }).click()
      await page.getByRole('combobox', { name: 'Device or group' }).click()
      await page.getByRole('option', { name: /^paris-2/ }).click()
      await page.getByRole('dialog').getByRole('textbox', { name: 'Purpose' }).fill('field work')
    }
  },
  {
    ...{ name: 'erase', path: '/console/datasets/os-image' },
    first: async page => {
      await page.getByRole('button', { name: 'Erase', exact: true }).click()
      await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('asked for')
    }
  },
  { name: 'transfers', path: '/console/transfers' },
  { name: 'transfer', path: '/console/transfers', first: openTransfer },
  { name: 'ledger', path: '/console/ledger' },
  { name: 'operation', path: '/console/ledger', first: openWaiting },
  {
    ...{ name: 'approve', path: '/console/ledger' },
    first: async page => {
      await openWaiting(page)
      await page.getByRole('button', { name: 'Approve' }).click()
    }
  },
  { name: 'privacy', path: '/console/privacy' },
  {
    ...{ name: 'breach', path: '/console/privacy/breaches' },
    first: async page => await page.getByRole('link', { name: 'A laptop' }).click()
  },
  { name: 'performance', path: '/console/performance' },
  { name: 'savings', path: '/console/performance/savings', scheme: 'dark' }
]

async function openTransfer(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'maps@1' }).click()
}

async function openWaiting(page: Page): Promise<void> {
  await page.getByRole('link', { name: /^berlin-1 recalls/ }).click()
}

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
    const browser = await launchChromium(executable, defined(cluster.nodes[0], 'the first node').home)
    try {
      const names = argv.slice(3)
      const wanted = SHOTS.filter(({ name }) => names.length === 0 || names.includes(name))
      for (const shot of wanted) await shoot(browser, { shot, address: await address(shot.path), target })
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
  const context = await browser.newContext({ viewport, colorScheme: scheme })
  const page = await context.newPage()
  await page.goto(address)
  await page.getByRole('heading', { level: 1 }).waitFor()
  if (path !== '/' && path !== WALL) {
    await page.goto(new URL(path, address).href)
    await page.getByRole('heading', { level: 1 }).waitFor()
  }
  await first?.(page)
  await page.waitForTimeout(SETTLE_MS)
  await page.screenshot({ path: join(target, `${name}.png`) })
  await context.close()
}

/** Nodes in several sites, with something published, something stored and something on its way. */
async function org(cluster: Cluster, folder: string): Promise<(path: string) => Promise<string>> {
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
  await first.done('publish', content, '--name', 'os-image')
  await first.done('publish', join(content, 'notes.txt'), '--name', 'handbook', '--class', 'confidential')
  for (const node of others) await node.done('capacity', 'set', ROOM)
  const [one, ...slow] = others
  if (one !== undefined) await one.done('get', 'os-image', join(folder, 'got-0'))
  for (const [index, node] of slow.entries()) {
    await node.done('limits', 'set', '--down', SLOW)
    await node.client.call('startTransfer', {
      ...{ name: 'os-image', version: null, destination: join(folder, `got-${index + 1}`) }
    })
  }
  const [, reader] = others
  if (reader !== undefined) await furnish({ first, reader, sites: SITES, folder })
  if (one !== undefined) await gathered(first, one, folder)
  if (one !== undefined) await waiting(first, one)
  return async path => {
    const origin = `https://127.0.0.1:${port}`
    if (path === WALL) {
      const { token } = await first.json<{ token: string }>('token', 'create', 'hall', '--scope', 'watch')
      return `${origin}${WALL}#token=${token}`
    }
    const { code } = await first.json<{ code: string }>('console')
    return `${origin}/#code=${code}`
  }
}

/** The node with the console fetches something too, slowly, and keeps a folder at the newest version. */
async function gathered(first: ClusterNode, one: ClusterNode, folder: string): Promise<void> {
  const maps = join(folder, 'maps')
  mkdirSync(maps)
  for (const name of ['north.tiles', 'south.tiles', 'west.tiles'])
    writeFileSync(join(maps, name), randomBytes(VERSION_BYTES / 3))
  await one.done('publish', maps, '--name', 'maps')
  await one.done('publish', join(maps, 'west.tiles'), '--name', 'signage')
  await until('the others are known', MESH_MS, async () => {
    const { datasets } = await first.client.call('datasets', {})
    return ['maps', 'signage'].every(wanted => datasets.some(({ name }) => name === wanted))
  })
  await first.done('get', 'signage', join(folder, 'screen'), '--priority', 'high')
  await first.client.call('follow', { name: 'signage', destination: join(folder, 'signage') })
  await first.done('limits', 'set', '--down', SLOWER)
  await first.client.call('startTransfer', {
    ...{ name: 'maps', version: null, destination: join(folder, 'maps-here'), purpose: 'field tablets' },
    deadlineAtMs: Date.now() + DEADLINE_MS
  })
}

/** Two admins, a recall that waits for the second, and a root that stands to vote. */
async function waiting(first: ClusterNode, one: ClusterNode): Promise<void> {
  const propose = async (change: RootChange[]) =>
    await first.client.call('propose', { changes: change, sign: true })
  const { hash } = await propose([
    { kind: 'admins', add: ['berlin-1'], remove: [] },
    { kind: 'threshold', threshold: 2 }
  ])
  await voted(one, hash, first)
  const { hash: second } = await propose([{ kind: 'approvals', type: 'content.recall', admins: 2 }])
  await voted(one, second, first)
  await one.client.call('recall', { name: 'handbook', version: null, reason: 'wrong edition' })
  await propose([{ kind: 'approvals', type: 'device.revoke', admins: 2 }])
}

/** Resolves once `other` knows that it is in force. */
async function voted(node: ClusterNode, proposal: string, other: ClusterNode): Promise<void> {
  await until('the proposal is known', MESH_MS, async () => {
    const { proposals } = await node.client.call('authority', {})
    return proposals.some(({ hash }) => hash === proposal)
  })
  await node.client.call('vote', { proposal, vote: null })
  await until('the other admin knows of the vote', MESH_MS, async () => {
    const { hash } = await other.client.call('authority', {})
    return hash === proposal
  })
}

await main()
