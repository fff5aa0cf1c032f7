/** What a follow asks of transfers, step by step: here each goes as far as the test lets it. */

import assert from 'node:assert/strict'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { defined } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import type { Version } from '../../content/version.ts'
import { MemoryStore } from '../../store/memory.ts'
import type { RecordStore } from '../../store/records.ts'
import { sampleVersion } from '../../store/samples.conformance.ts'
import type { Holding } from '../../store/store.ts'
import { SILENT_LOG } from '../log.ts'
import type { Problem } from '../service.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import type { TransferView } from '../swarm/transfer-desk.ts'
import type { StartOrder } from '../swarm/transfer-orders.ts'
import { Follow } from './follow.ts'
import { FollowPlace } from './follow-place.ts'
import { type FollowRecord, FollowRecords, newRecord } from './follow-record.ts'
import type { FollowMode } from './follow-terms.ts'
import type { LedgerCandidate } from './ledger-candidates.ts'
import type { Verdict } from './version-choice.ts'
import type { VersionFolders } from './version-folders.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'peerage-follow-')))
after(() => rmSync(root, { recursive: true }))

const VERSIONS = [1, 2, 3, 4, 5].map(
  n => sampleVersion([{ path: ['version'], bytes: Buffer.from(String(n)) }]).version
)
let rounds = 0

class Scene {
  readonly done: string[] = []
  readonly orders = new Map<string, StartOrder>()
  readonly states = new Map<string, { state: TransferView['state']; problem: Problem | null }>()
  readonly candidates: LedgerCandidate[] = []
  readonly verdicts = new Map<number, Verdict>()
  readonly place: FollowPlace
  follow: Follow
  isFull = false

  constructor(mode: FollowMode = 'symlink') {
    const destination = join(root, String(rounds++))
    this.place = new FollowPlace({ destination, mode })
    mkdirSync(this.place.versions)
    const options = {
      mode,
      keep: 2,
      hook: null,
      hookTimeoutMs: 1,
      onHookFailure: 'rollback',
      purpose: null
    } as const
    this.follow = this.#begin(newRecord({ name: 'data', destination, options, nowMs: 1 }))
  }

  #begin(record: FollowRecord): Follow {
    return new Follow({
      org: 'ab',
      record,
      records: new FollowRecords(this.#disk()),
      place: this.place,
      folders: scripted<VersionFolders>({
        versionIn: path =>
          this.#versionOf([...this.orders.values()].find(each => each.destination === `${path}/`)),
        remove: async ({ ordinal }) => {
          this.done.push(`remove ${ordinal}`)
          return undefined
        }
      }),
      transfers: {
        start: order => {
          this.done.push(`start ${order.ordinal}`)
          const id = `t${order.ordinal}`
          this.orders.set(id, order)
          this.states.set(id, { state: 'fetching', problem: null })
          return id
        },
        stop: () => undefined,
        views: () => [],
        view: id => this.#view(id),
        onChange: () => () => undefined
      },
      candidates: () => this.candidates,
      log: SILENT_LOG
    })
  }

  #disk(): RecordStore {
    const { records } = new MemoryStore()
    const putBlob = records.putBlob.bind(records)
    records.putBlob = (key, bytes) => {
      if (this.isFull) throw new AppError('DISK_FULL', 'the disk is full')
      putBlob(key, bytes)
    }
    return records
  }

  #view(id: string): TransferView | undefined {
    const [order, how] = [this.orders.get(id), this.states.get(id)]
    const version = this.#versionOf(order)
    if (order === undefined || how === undefined || version === undefined) return undefined
    const state = how.state === 'complete' ? 'complete' : 'fetching'
    const holding = { version, state, kind: 'fetched', root: order.destination } as Holding
    return { ...how, holding, haveBytes: 0, totalBytes: 1 } as TransferView
  }

  #versionOf(order: StartOrder | undefined): Version | undefined {
    return VERSIONS.find(each => each.id === order?.version)
  }

  async publish(n: number): Promise<void> {
    const { verdicts } = this
    this.candidates.push({
      ...{ version: (VERSIONS[n - 1] as (typeof VERSIONS)[number]).id, ordinal: n, files: 1, bytes: 1 },
      get verdict() {
        return verdicts.get(n) ?? ({ kind: 'good' } as const)
      }
    })
    await this.look()
  }

  async becomes(n: number, state: TransferView['state'], problem: Problem | null = null): Promise<void> {
    this.states.set(`t${n}`, { state, problem })
    if (state === 'complete') writeFileSync(join(this.folderOf(n), 'version'), String(n))
    await this.look()
  }

  /** As after a crash: of what was under way only disk and record are left. */
  async startAgain(): Promise<void> {
    await this.follow.close()
    this.follow = this.#begin(this.follow.record)
    await this.look()
  }

  /** Where a version is put, made if it is not there. */
  folderOf(n: number): string {
    const { destination } = defined(this.orders.get(`t${n}`), 'it is fetched')
    mkdirSync(destination, { recursive: true })
    return destination
  }

  async look(): Promise<void> {
    this.follow.look()
    await this.follow.settled()
  }

  get at(): number {
    return Number(/\/(\d+)-/.exec(readlinkSync(this.place.destination))?.[1])
  }
}

describe('a follow', () => {
  it('gives up a version for a newer one, but not twice in a row', async () => {
    const scene = new Scene()
    for (const n of [1, 2, 3]) await scene.publish(n)
    assert.deepEqual(scene.done, ['start 1', 'remove 1', 'start 2'])
    await scene.becomes(2, 'complete')
    assert.equal(scene.at, 2)
    assert.deepEqual(scene.done.slice(3), ['start 3'])
    // It has got somewhere: the next may be given up again.
    await scene.publish(4)
    assert.deepEqual(scene.done.slice(4), ['remove 3', 'start 4'])
    await scene.becomes(4, 'complete')
    assert.equal(scene.at, 4)
  })

  it('gives up at once what is withdrawn while it is fetched, and waits with what it may not read now', async () => {
    const scene = new Scene()
    await scene.publish(1)
    await scene.becomes(1, 'complete')
    await scene.publish(2)
    scene.verdicts.set(2, { kind: 'denied', detail: 'the view is too old' })
    await scene.look()
    assert.deepEqual(scene.done, ['start 1', 'start 2'])
    assert.equal(scene.follow.status().target?.ordinal, 2)
    scene.verdicts.set(2, { kind: 'withdrawn', detail: 'recalled' })
    await scene.look()
    assert.deepEqual(scene.done, ['start 1', 'start 2', 'remove 2'])
    assert.deepEqual([scene.at, scene.follow.status().state], [1, 'current'])
  })

  it('says why a version can not be had, and tries it again later, not at each look', async () => {
    const scene = new Scene()
    await scene.publish(1)
    await scene.becomes(1, 'failed', { code: 'DISK_FULL', message: 'the disk is full', path: '/x' })
    const { problems, retryAtMs, state } = scene.follow.status()
    assert.match(
      problems[0]?.message ?? '',
      /version 1 of data can not be had: the disk is full \(DISK_FULL\)/
    )
    assert.ok(retryAtMs !== null && retryAtMs > Date.now() && state === 'waiting')
    await scene.look()
    assert.deepEqual(scene.done, ['start 1'])
    scene.follow.change({}, { afresh: true })
    await scene.follow.settled()
    assert.deepEqual(scene.done, ['start 1', 'start 1'])
    await scene.becomes(1, 'complete')
    assert.deepEqual([scene.at, scene.follow.status().problems], [1, []])
    await scene.follow.close()
  })

  it('of a newer version tries that at once', async () => {
    const scene = new Scene()
    await scene.publish(1)
    await scene.becomes(1, 'failed')
    await scene.publish(2)
    assert.deepEqual(scene.done, ['start 1', 'start 2'])
    await scene.follow.close()
  })

  it('goes by what is on disk, and what fails in looks between puts off no later try', async () => {
    const scene = new Scene()
    await scene.publish(1)
    scene.isFull = true
    await scene.becomes(1, 'complete')
    const { retryAtMs, problems, current } = scene.follow.status()
    assert.deepEqual([current, problems.map(({ code }) => code)], [null, ['DISK_FULL']])
    for (let time = 0; time < 3; time++) await scene.becomes(1, 'complete')
    assert.equal(scene.follow.status().retryAtMs, retryAtMs)
    assert.ok(!existsSync(scene.place.destination), 'nothing is switched that is not noted before')
    scene.isFull = false
    await scene.becomes(1, 'complete')
    assert.deepEqual([scene.at, scene.follow.status().problems], [1, []])
    await scene.follow.close()
  })

  it('takes away at its start what a crash left of a switch, with no other switch to come', async () => {
    const scene = new Scene('rename')
    for (const n of [1, 2]) {
      await scene.publish(n)
      await scene.becomes(n, 'complete')
    }
    const one = scene.folderOf(1)
    // The switch to 2 was noted, and what the destination was not taken away; a later tree was being built.
    const { place } = scene
    for (const left of [`.last-${basename(one)}`, '.next']) {
      mkdirSync(place.path(left))
      linkSync(join(one, 'version'), join(place.path(left), 'version'))
    }
    await scene.startAgain()
    assert.equal(scene.follow.status().state, 'current')
    assert.deepEqual(readdirSync(place.versions).sort(), [
      '.peerage-follow',
      basename(one),
      basename(scene.folderOf(2))
    ])
    await scene.follow.close()
  })
})
