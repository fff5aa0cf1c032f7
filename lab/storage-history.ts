/**
 * A history of an org that keeps copies, drawn from a seed: puts, gets, erasures and quarantines, and kills, lost
 * disks, flipped bits, partitions, clocks that are set and homes restored from old copies among them. What was
 * acknowledged is noted outside (ack-log.ts) and held against the disks all the while; in the end all is healed and
 * judged (org-judge.ts).
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../src/base/errors.ts'
import type { OperationId } from '../src/base/ids.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../src/base/units.ts'
import { AckLog, erasureOf, isIntact, openedIn, type Put, publishedHashes } from './ack-log.ts'
import { type FaultyNode, type FaultyOrg, StopHangs } from './faulty-org.ts'
import { seededRandom } from './fuzz.ts'
import { eventually } from './org-in-process.ts'
import { fetchTo, OrgJudge } from './org-judge.ts'

const WATCH_MS = 200
const HELD_MS_MAX = 400

export interface HistoryOptions {
  readonly seed: number
  readonly steps: number
  readonly say?: (text: string) => void
}

export class History {
  readonly log = new AckLog()
  readonly judge: OrgJudge
  readonly did = new Map<string, number>()
  readonly #org: FaultyOrg
  readonly #random: (below: number) => number
  readonly #say: (text: string) => void
  readonly #steps: number
  readonly #seed: number
  readonly #backups = new Set<FaultyNode>()
  readonly #underWay = new Set<Promise<void>>()
  #puts = 0
  #isOver = false
  /** Nothing new is begun, and nothing waited for that was. */
  #isQuiet = false
  #failure: unknown

  constructor(org: FaultyOrg, { seed, steps, say = () => undefined }: HistoryOptions) {
    this.#org = org
    this.judge = new OrgJudge(org, this.log, () => this.#failure)
    this.#seed = seed
    this.#steps = steps
    this.#random = seededRandom(seed)
    this.#say = say
  }

  async run(): Promise<void> {
    const watching = this.#watch()
    try {
      this.#put()
      // Something is there to be lost.
      await eventually('the first is safe', () => this.#failure !== undefined || this.log.kept.length > 0)
      for (let step = 0; step < this.#steps && this.#failure === undefined; step++) {
        await delay(this.#random(HELD_MS_MAX))
        this.#step()
      }
      this.#isQuiet = true
      await Promise.all(this.#underWay)
      if (this.#failure === undefined) await this.#quiet()
    } finally {
      this.#isQuiet = true
      this.#isOver = true
      await watching
      await Promise.all(this.#underWay)
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      try {
        this.log.look(this.#org.nodes)
      } catch (thrown) {
        this.#failure ??= thrown
        return
      }
      await delay(WATCH_MS)
    }
  }

  #step(): void {
    const choices: readonly (readonly [number, () => void])[] = [
      [5, () => this.#put()],
      [2, () => this.#get()],
      [2, () => this.#erase()],
      [1, () => this.#quarantine()],
      [1, () => this.#dropSource()],
      [6, () => this.#kill()],
      [3, () => this.#flip()],
      [1, () => this.#lose()],
      [2, () => this.#backup()],
      [2, () => this.#restore()],
      [2, () => this.#partition()],
      [3, () => this.#heal()],
      [2, () => this.#setClock()],
      [1, () => this.#passTime()]
    ]
    let at = this.#random(choices.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, act] of choices) {
      at -= weight
      if (at >= 0) continue
      act()
      return
    }
  }

  #note(what: string, detail: string): void {
    this.did.set(what, (this.did.get(what) ?? 0) + 1)
    this.#say(`${what} ${detail}`)
  }

  #pick<T>(among: readonly T[]): T | undefined {
    return among[this.#random(among.length)]
  }

  /** Goes on beside; what it was refused, or did not come to because its node went, is no failure. */
  #beside(node: FaultyNode, work: () => Promise<void>): void {
    const working = work()
      .catch(thrown => {
        const isGone = node.state !== 'up' && !(thrown instanceof StopHangs)
        if (thrown instanceof assert.AssertionError || !(isGone || thrown instanceof AppError))
          this.#failure ??= thrown
        else this.#say(`  ${node.name}: ${thrown instanceof Error ? thrown.message : thrown}`)
      })
      .finally(() => this.#underWay.delete(working))
    this.#underWay.add(working)
  }

  #put(): void {
    const by = this.#pick(this.#org.active)
    if (by === undefined) return
    const number = this.#puts++
    const before = this.#pick(this.log.puts.filter(put => put.publisher === by))
    const isAgain = before !== undefined && this.#random(3) === 0
    const name = isAgain ? before.name : `data-${number}`
    const isSealed = isAgain ? before.isSealed : this.#random(3) === 0
    const copies = isAgain ? before.copies : 2 + this.#random(2)
    this.#note('put', `${name} by ${by.name}, ${copies} copies${isSealed ? ', sealed' : ''}`)
    const marker = `marker-${this.#seed}-${number}-${randomBytes(4).toString('hex')}`
    const source = join(by.files, `source-${number}`)
    const plain = this.#write(source, marker)
    this.#beside(by, async () => {
      const { running } = by
      const task = { signal: new AbortController().signal, onProgress: () => undefined }
      const dataClass = isSealed ? 'confidential' : 'internal'
      const { version } = await by.as(({ service }) =>
        service.publish({ path: source, name, dataClass }, task)
      )
      const stored = publishedHashes(by, version)
      const put = this.log.begin({
        ...{ name, version, publisher: by, source, marker, isSealed, plain, stored, copies, sites: 2 }
      })
      const policy = `copies=${copies},sites=2`
      await by.as(({ service }) => service.storage.setStoragePolicy({ name, policy }))
      for (;;) {
        await delay(50)
        if (by.running !== running || this.#isQuiet || put.isEnding) return
        const { isSafe } = await by.as(({ service }) => service.storage.versionStorage({ name, version }))
        if (isSafe) break
      }
      if (put.isEnding) return
      this.log.acknowledge(put, this.#org.nodes)
      this.#say(`  ${name} ${version.slice(0, 8)} is safe`)
    })
  }

  #write(source: string, marker: string): Map<string, Buffer> {
    const files = new Map<string, Buffer>()
    for (let file = 0; file < 3; file++) {
      const bytes = Buffer.alloc(1 + this.#random(file === 0 ? 400_000 : 40_000), `${marker} ${file} `)
      randomBytes(8).copy(bytes, Math.floor(bytes.length / 2))
      files.set(`${marker}/${file}`, bytes)
    }
    mkdirSync(join(source, marker), { recursive: true })
    for (const [path, bytes] of files) writeFileSync(join(source, path), bytes)
    return files
  }

  #get(): void {
    const node = this.#pick(this.#org.active)
    const put = this.#pick(this.log.puts.filter(({ isSealed }) => !isSealed))
    if (node === undefined || put === undefined) return
    this.#note('get', `${put.name} ${put.version.slice(0, 8)} by ${node.name}`)
    this.#beside(node, async () => {
      await fetchTo(put, node, join(node.files, `got-${put.version.slice(0, 8)}`))
    })
  }

  #erase(): void {
    const [office] = this.#org.nodes
    const put = this.#pick(this.log.puts.filter(({ isEnding }) => !isEnding))
    if (office === undefined || office.state !== 'up' || put === undefined) return
    if (office.running?.node.keeper.state().publishedAs.has(put.version) !== true) return
    this.#note('erase', `${put.name} ${put.version.slice(0, 8)}`)
    put.isEnding = true
    const { name } = put
    this.#beside(office, async () => {
      const acted = await office.as(({ service }) => service.erasures.erase(erasureOf(put)))
      this.judge.cases.push({ id: acted.case, put })
      for (const { operation } of acted.operations) this.#told(office, operation, `the erasure of ${name}`)
    })
  }

  #quarantine(): void {
    const [office] = this.#org.nodes
    const put = this.#pick(this.log.puts.filter(({ isEnding }) => !isEnding))
    if (office === undefined || office.state !== 'up' || put === undefined) return
    if (office.running?.node.keeper.state().publishedAs.has(put.version) !== true) return
    this.#note('quarantine', `${put.name} ${put.version.slice(0, 8)}`)
    put.isEnding = true
    const { name, version } = put
    this.#beside(office, async () => {
      const action = { name, version, reason: 'it looks wrong' }
      const { operation } = await office.as(({ service }) => service.governance.quarantine(action))
      this.#told(office, operation, `the quarantine of ${name}`)
    })
  }

  #told(by: FaultyNode, operation: OperationId, what: string): void {
    if (by.state === 'up') this.judge.signed.push({ by, operation, what })
  }

  /** What is safe its owner deletes. */
  #dropSource(): void {
    const put = this.#pick(this.log.kept.filter(({ source }) => existsSync(source)))
    if (put === undefined) return
    this.#note('drop the source of', put.name)
    rmSync(put.source, { recursive: true, force: true })
  }

  #kill(): void {
    const node = this.#pick(this.#org.active)
    if (node === undefined) return
    this.#note('kill', node.name)
    this.#beside(node, async () => {
      await this.#org.kill(node)
      await delay(this.#random(HELD_MS_MAX))
      if (!this.#isOver) await this.#org.up(node)
    })
  }

  #flip(): void {
    const node = this.#pick(this.#org.nodes.filter(({ state }) => state === 'up' || state === 'down'))
    if (node === undefined || !this.log.canDoWithout(node, this.#org.nodes)) return
    const put = this.#pick(this.log.kept.filter(each => isIntact(each, node)))
    const path = put && this.#pick([...put.stored.keys()])
    if (put === undefined || path === undefined) return
    this.#note('flip a bit of', `${put.name} ${put.version.slice(0, 8)} on ${node.name}`)
    this.log.destroying(this.#org.nodes, () => {
      const file = openedIn(put, node, path)
      if (file === undefined) return // it was let go of just now
      const byte = new Uint8Array(1)
      const at = this.#random(fstatSync(file).size)
      readSync(file, byte, { position: at })
      byte[0] = (byte[0] ?? 0) ^ (1 << this.#random(8))
      writeSync(file, byte, 0, 1, at)
      closeSync(file)
    })
    if (this.#random(2) === 0) this.#verify(node, put)
  }

  #verify(node: FaultyNode, { name, version }: Put): void {
    if (node.state !== 'up') return
    this.#beside(node, async () => {
      const task = { signal: new AbortController().signal, onProgress: () => undefined }
      await node.as(({ service }) => service.verify({ name, version }, task))
    })
  }

  #lose(): void {
    const lost = this.#org.nodes.filter(({ state }) => state === 'lost')
    const node = this.#pick(this.#org.active.filter(({ offers }) => offers))
    if (node === undefined || lost.length > 0 || !this.log.canDoWithout(node, this.#org.nodes)) return
    this.#note('lose', node.name)
    this.judge.forgetful.add(node)
    this.log.look(this.#org.nodes)
    this.#beside(node, async () => {
      const losing = this.#org.lose(node)
      // From here on its disk counts no more.
      await losing
      this.log.destroyed(this.#org.nodes)
    })
  }

  #backup(): void {
    const node = this.#pick(
      this.#org.nodes.slice(1).filter(({ state }) => state === 'up' || state === 'down')
    )
    if (node === undefined) return
    this.#note('back up', `${node.name}, which is ${node.state}`)
    this.#org.backup(node)
    this.#backups.add(node)
  }

  #restore(): void {
    const node = this.#pick([...this.#backups].filter(({ state }) => state === 'up'))
    if (node === undefined || !this.log.canDoWithout(node, this.#org.nodes)) return
    this.#backups.delete(node)
    this.#note('restore', node.name)
    this.judge.forgetful.add(node)
    this.#beside(node, async () => {
      await this.#org.kill(node)
      this.log.look(this.#org.nodes)
      this.#org.restore(node)
      this.log.destroyed(this.#org.nodes)
      await this.#org.up(node)
    })
  }

  #partition(): void {
    const alone = this.#pick(['berlin', 'paris', 'rome'])
    this.#note('cut off', String(alone))
    this.#org.partition(({ site }) => (site === alone ? 1 : 0))
  }

  #heal(): void {
    this.#note('heal', '')
    this.#org.heal()
  }

  #setClock(): void {
    const node = this.#pick(this.#org.active)
    if (node === undefined) return
    const skewMs = this.#pick([-HOUR_MS, HOUR_MS, 0, -4 * MINUTE_MS]) ?? 0
    this.#note('set the clock of', `${node.name} by ${skewMs / MINUTE_MS} min`)
    node.clock.skewMs = skewMs
  }

  #passTime(): void {
    const [office] = this.#org.nodes
    if (office === undefined) return
    const ms = (1 + this.#random(9)) * 30 * MINUTE_MS
    this.#note('pass', `${ms / MINUTE_MS} min`)
    this.#beside(office, () => this.#org.advance(ms))
  }

  async #quiet(): Promise<void> {
    const org = this.#org
    this.#say('all is healed')
    org.heal()
    for (const node of org.nodes) node.clock.skewMs = 0
    for (const node of org.nodes) if (node.state === 'down') await org.up(node)
    await org.agreed()
    for (const put of this.log.kept) for (const node of org.active) if (node.offers) this.#verify(node, put)
    await Promise.all(this.#underWay)
    this.#say('all agree and were verified')
    await org.advance(7 * HOUR_MS)
    await org.agreed()
    this.#say('and hours later')
    await this.judge.settles('at first')
    this.judge.judge()
    this.#say('settled')
    for (let days = 0; days < 12; days += 4) {
      await org.leap(4 * DAY_MS)
      await org.agreed()
    }
    await this.judge.settles('in the end')
    this.judge.judge()
    await this.judge.readBack(each => this.#pick(each))
  }
}
