/**
 * What the tests of the console go on: one org of two nodes, one Chromium, and what pages did that they must not. Each
 * part of the console has a tour in test/console-tours/; all of them go over that one org, one after another.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { Cluster, type ClusterNode, LOOPBACK, until } from './cluster.ts'
import { launchChromium } from './console-browser.ts'
import { buildConsole } from './console-build.ts'
import { judge } from './console-judge.ts'
import { freePort } from './free-port.ts'

const SIZES = { desk: { width: 1280, height: 800 }, phone: { width: 375, height: 812 } } as const
/** What the width of a page changes. Its colours, the dearest of all rules, are judged on a desk. */
const LAYOUT_RULES = ['scrollable-region-focusable', 'target-size', 'button-name', 'link-name']

/** What tables are called that are wider than the place they have. */
const CUT_OFF = `[...document.querySelectorAll('[role=table]')]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
  .map(table => table.getAttribute('aria-label'))`

const NAMED_MS = 60_000
/** A page on a machine that has much else to do. */
const PAGE_MS = 120_000

/** Something that a person does in the console, and what has to come of it. */
export interface TourStop {
  readonly what: string
  /** On a page of the owner of the node, which was left somewhere by the stop before. */
  readonly visit: (org: ConsoleOrg, page: Page) => Promise<void>
}

/** A page to be judged. */
export interface PageToJudge {
  readonly path: string
  readonly alsoInDark: boolean
}

/** What is tried of a part of the console. It works on datasets of its own, and leaves the two nodes and `notes` be. */
export interface ConsoleTour {
  /** Makes what its pages show, before anybody looks. */
  readonly prepare?: (org: ConsoleOrg) => Promise<void>
  /**
   * Pages that everybody has to be able to read: all in light colours and on a phone, the first also in dark ones. The
   * others are of the same parts.
   */
  readonly paths: (org: ConsoleOrg) => readonly string[]
  readonly stops: readonly TourStop[]
}

/** `nas` in berlin, which serves the console, and `lab-7` in paris; the dataset `notes` is published. */
export class ConsoleOrg {
  readonly folder: string
  readonly cluster: Cluster
  readonly node: ClusterNode
  readonly other: ClusterNode
  /** What the ledger calls `other`. */
  readonly otherDevice: string
  readonly origin: string
  /** What pages did that they must not: fail, break their policy, or call anybody but the node. */
  readonly faults: string[] = []
  /** Paths of the API that refuse something, as is meant. */
  readonly #refusing = new Set<string>()
  /** Pages of the owner that nobody is at. */
  readonly #desks: Page[] = []
  readonly #browser: Browser

  private constructor(cluster: Cluster, otherDevice: string, origin: string, browser: Browser) {
    const [node, other] = cluster.nodes
    assert.ok(node !== undefined && other !== undefined)
    this.otherDevice = otherDevice
    this.folder = cluster.folder
    this.cluster = cluster
    this.node = node
    this.other = other
    this.origin = origin
    this.#browser = browser
  }

  static async start(chromium: string): Promise<ConsoleOrg> {
    buildConsole()
    const cluster = new Cluster(mkdtempSync(join(tmpdir(), 'peerage-console-')))
    try {
      const port = await freePort()
      const node = await cluster.found('nas', 'berlin', LOOPBACK, ['--api', `127.0.0.1:${port}`])
      await cluster.join(await cluster.invite(), 'lab-7', 'paris')
      await cluster.meshed()
      const device = await knownBy(node, 'lab-7')
      const browser = await launchChromium(chromium, node.home)
      const org = new ConsoleOrg(cluster, device, `https://127.0.0.1:${port}`, browser)
      await org.publish('notes', 'release notes')
      return org
    } catch (thrown) {
      await cluster.stop()
      throw thrown
    }
  }

  async stop(): Promise<void> {
    await this.#browser.close()
    await this.cluster.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Publishes a file with `text` as the next version of a dataset. */
  async publish(name: string, text: string, ...options: readonly string[]): Promise<void> {
    const path = join(this.folder, `${name}.txt`)
    writeFileSync(path, text)
    await this.node.done('publish', path, '--name', name, ...options)
  }

  /** An empty page of somebody who is not signed in; `beside` is an origin that it may go to as well. */
  async open(beside?: string): Promise<Page> {
    const appearance = { colorScheme: 'light', reducedMotion: 'reduce' } as const
    const context = await this.#browser.newContext({ viewport: SIZES.desk, ...appearance })
    if (beside !== undefined) await this.#keepWithin(context, beside)
    this.#watch(context, beside)
    const page = await context.newPage()
    page.setDefaultTimeout(PAGE_MS)
    return page
  }

  /** What pages of another origin would load from elsewhere is not loaded. */
  async #keepWithin(context: BrowserContext, beside: string): Promise<void> {
    const isWithin = ({ origin }: URL): boolean => origin === this.origin || origin === beside
    await context.route(
      url => !isWithin(url),
      route => route.abort()
    )
  }

  #watch(context: BrowserContext, beside: string | undefined): void {
    const isBeside = (url: string | undefined): boolean =>
      beside !== undefined && url?.startsWith(`${beside}/`) === true
    context.on('request', request => {
      const url = request.url()
      if (new URL(url).origin === this.origin || isBeside(url) || isBeside(request.frame().url())) return
      this.faults.push(`called ${url}`)
    })
    context.on('weberror', error => this.faults.push(String(error.error())))
    context.on('console', message => {
      if (isBeside(message.page()?.url())) return
      // Whoever is not signed in is answered so when the page asks who is.
      if (message.type() !== 'error' || message.text().includes('401')) return
      const { url } = message.location()
      if (!URL.canParse(url) || !this.#refusing.has(new URL(url).pathname))
        this.faults.push(`${message.text()} ${url}`)
    })
  }

  /** The overview, of the owner of the node, in a browser of its own; close its context when you are done. */
  async signedIn(): Promise<Page> {
    const page = await this.open()
    await this.#signIn(page)
    return page
  }

  async #signIn(page: Page): Promise<void> {
    const { code } = await this.node.json<{ code: string }>('console')
    // From elsewhere: of an address that only ends otherwise nothing is loaded.
    await page.goto('about:blank')
    await page.goto(`${this.origin}/#code=${code}`)
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  }

  /** From here on a path of the API may answer that it does not do what is asked. */
  mayRefuse(path: string): void {
    this.#refusing.add(path)
  }

  /**
   * Works on a page of the owner that is left to who comes next, unless it fails. The owner signed in a moment ago,
   * however long the work before took.
   */
  async atDesk(work: (page: Page) => Promise<void>): Promise<void> {
    const page = this.#desks.pop() ?? (await this.open())
    await this.#signIn(page)
    try {
      await work(page)
    } catch (thrown) {
      await page.context().close()
      throw thrown
    }
    this.#desks.push(page)
  }

  /** Goes to another page of the console as its links do: nothing of it is loaded again. */
  async goTo(page: Page, path: string): Promise<void> {
    // Each path has a heading of its own, so that of the page before is none of the one that is waited for.
    await page.evaluate(`{
      const to = ${JSON.stringify(path)}
      const isLeft = new URL(to, location.href).pathname !== location.pathname
      if (isLeft) for (const heading of document.querySelectorAll('h1')) heading.dataset.left = ''
      history.pushState(null, '', to)
      dispatchEvent(new PopStateEvent('popstate'))
    }`)
    await page.locator('h1:not([data-left])').waitFor()
    await page.locator('[aria-label="Loading"]').first().waitFor({ state: 'detached' })
  }

  /** Fails when something on a page as it is now is serious for who sees, hears or touches it. */
  async isFair(page: Page, where: string): Promise<void> {
    await judge(page, where)
  }

  /** Fails unless a page can be read by everybody. It is left light and as wide as a desk. */
  async isReadable(page: Page, { path, alsoInDark }: PageToJudge): Promise<void> {
    await this.goTo(page, path)
    await judge(page, `${path} in light`)
    if (alsoInDark) await this.#isReadableInDark(page, path)
    await page.setViewportSize(SIZES.phone)
    await judge(page, `${path} on a phone`, LAYOUT_RULES)
    const fits = 'document.documentElement.scrollWidth <= document.documentElement.clientWidth'
    // Asked from here, as the policy of the page lets nothing wait in it.
    await until(`${path} is no wider than a phone`, PAGE_MS, () => page.evaluate<boolean>(fits))
    assert.deepEqual(
      await page.evaluate<string[]>(CUT_OFF),
      [],
      `tables of ${path} whose columns fit no phone`
    )
    await page.setViewportSize(SIZES.desk)
  }

  async #isReadableInDark(page: Page, path: string): Promise<void> {
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
    await judge(page, `${path} in dark`, ['color-contrast'])
    await page.emulateMedia({ colorScheme: 'light' })
    await page.locator('html[data-mantine-color-scheme="light"]').waitFor()
  }
}

/** The id of a device, once the node has heard what it is called. */
async function knownBy(node: ClusterNode, name: string): Promise<string> {
  let id: string | undefined
  await until(`${name} has said its name`, NAMED_MS, async () => {
    const { devices } = await node.client.call('devices', {})
    id = devices.find(device => device.name === name)?.device
    return id !== undefined
  })
  return id ?? assert.fail(name)
}
