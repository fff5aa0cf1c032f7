import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { HOUR_MS } from '../../base/units.ts'
import { spanStart } from '../../history/rollup.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { MACHINE_CLOCK } from '../clock.ts'
import { LevelObserver, type ObservedTransfer } from './level-observer.ts'
import type { Observations, Observed } from './observations.ts'

const START_MS = 1_800_000_000_000
const [SELF, OTHER] = ['a', 'b'].map(digit => digit.repeat(64) as DeviceId) as [DeviceId, DeviceId]
const VERSION = '7'.repeat(64) as VersionId
const transfer = (of: Partial<ObservedTransfer>): ObservedTransfer => ({
  ...{ id: 'one', name: 'os', version: VERSION, state: 'fetching', startedAtMs: START_MS },
  ...{ finishedAtMs: null, resumedBytes: 0, haveBytes: 0, followedSinceMs: null, ...of }
})

function observing() {
  const seen: Observed[] = []
  const world = {
    nowMs: START_MS,
    transfers: [] as ObservedTransfer[],
    present: new Set([SELF]),
    held: new Set<VersionId>(),
    lacking: undefined as ReadonlySet<VersionId> | undefined,
    looks: 0
  }
  const ticks: (() => void)[] = []
  const member = { standing: 'member', role: 'device', enrolment: { timeMs: START_MS, expiresMs: null } }
  const version = {
    ...{ version: VERSION, publisher: OTHER, timeMs: START_MS - 5000, ordinal: 1, expiresMs: null }
  }
  const state = {
    devices: new Map([SELF, OTHER].map(device => [device, member])),
    datasets: new Map([['os', { name: 'os', versions: [version] }]]),
    publishedAs: new Map([[VERSION, new Set(['os'])]]),
    keptBy: new Map()
  } as unknown as State
  const observer = new LevelObserver({
    observations: { add: (observed: Observed) => void seen.push(observed) } as unknown as Observations,
    clock: {
      ...{ ...MACHINE_CLOCK, epochMs: () => world.nowMs },
      every: (_, tick) => {
        ticks.push(tick)
        return () => undefined
      }
    },
    ...{ self: SELF, state: () => state },
    transfers: () => {
      world.looks++
      return world.transfers
    },
    ...{ present: () => world.present, held: () => world.held, seeders: () => [] },
    lacking: async () => world.lacking
  })
  const taken = () =>
    seen.splice(0).map(({ measure, dataset, atMs, value }) => [measure, dataset, atMs, value])
  return { world, observer, ticks, taken }
}

describe('of transfers', () => {
  it('the first piece and the end are each observed once, and again when it is asked for again', () => {
    const { world, observer, taken } = observing()
    observer.start()
    const look = (nowMs: number, of: Partial<ObservedTransfer>) => {
      world.nowMs = nowMs
      world.transfers = [transfer(of)]
      observer.lookAtTransfers()
      return taken()
    }
    assert.deepEqual(look(START_MS + 100, {}), [])
    assert.deepEqual(look(START_MS + 300, { haveBytes: 5 }), [['first-byte', 'os', START_MS + 300, 300]])
    const done = { state: 'complete', haveBytes: 9, finishedAtMs: START_MS + 900 } as const
    assert.deepEqual(look(START_MS + 1000, done), [['distribute', 'os', START_MS + 900, 900]])
    assert.deepEqual(look(START_MS + 5000, done), [])
    const again = { startedAtMs: START_MS + 6000, finishedAtMs: START_MS + 6050 }
    assert.deepEqual(look(START_MS + 7000, { ...done, ...again }), [
      ['first-byte', 'os', START_MS + 6050, 50],
      ['distribute', 'os', START_MS + 6050, 50]
    ])
  })

  it('one that is paused is not looked at as often as one that is fetched', () => {
    const { world, observer, ticks } = observing()
    observer.start()
    const looks = (state: ObservedTransfer['state']) => {
      world.transfers = [transfer({ state })]
      observer.lookAtTransfers()
      world.looks = 0
      for (let count = 0; count < 100; count++) ticks[1]?.()
      return world.looks
    }
    assert.equal(looks('fetching'), 100)
    assert.equal(looks('paused'), 10)
  })

  it('what a follow brings counts from its publication, or since there is the follow', () => {
    for (const [followedSinceMs, value] of [
      [START_MS - 9000, 5900],
      [START_MS - 2000, 2900]
    ] as const) {
      const { world, observer, taken } = observing()
      observer.start()
      world.transfers = [transfer({ state: 'complete', finishedAtMs: START_MS + 900, followedSinceMs })]
      observer.lookAtTransfers()
      assert.deepEqual(taken()[1], ['distribute', 'os', START_MS + 900, value])
    }
  })

  it('what went on before the start, what is resumed, and what fails or was over, has no first piece', () => {
    const { world, observer, taken } = observing()
    world.transfers = [transfer({}), transfer({ id: 'over', state: 'complete', finishedAtMs: START_MS })]
    observer.start()
    world.transfers = [
      transfer({ haveBytes: 5 }),
      transfer({ id: 'over', state: 'complete', finishedAtMs: START_MS }),
      transfer({ id: 'resumed', resumedBytes: 4, haveBytes: 5 }),
      transfer({ id: 'failed', state: 'failed', finishedAtMs: START_MS })
    ]
    observer.lookAtTransfers()
    assert.deepEqual(taken(), [])
  })
})

it('a dataset is there while its publisher is, or a copy here', async () => {
  const { world, observer, taken } = observing()
  const look = async () => {
    await observer.look()
    return taken().map(([, , , value]) => value)
  }
  assert.deepEqual(await look(), [1])
  world.present.add(OTHER)
  assert.deepEqual(await look(), [0])
  world.present.delete(OTHER)
  world.held.add(VERSION)
  await observer.look()
  assert.deepEqual(taken(), [['availability', 'os', spanStart(START_MS, HOUR_MS), 0]])
})

it('a repair takes from when a version is seen to lack something until it lacks nothing', async () => {
  const { world, observer, taken } = observing()
  world.held.add(VERSION)
  const look = async (nowMs: number, lacking: readonly VersionId[]) => {
    world.nowMs = nowMs
    world.lacking = new Set(lacking)
    await observer.look()
    return taken().filter(([measure]) => measure === 'repair')
  }
  assert.deepEqual(await look(START_MS, [VERSION]), [])
  assert.deepEqual(observer.openRepairs(), [{ dataset: 'os', sinceMs: START_MS }])
  assert.deepEqual(await look(START_MS + 1000, [VERSION]), [])
  assert.deepEqual(await look(START_MS + 4000, []), [['repair', 'os', START_MS + 4000, 4000]])
  assert.deepEqual(observer.openRepairs(), [])
})

it('what takes something is observed when it comes from another, and was signed since this device joined', () => {
  const { world, observer, taken } = observing()
  world.nowMs = START_MS + 70
  const said = (author: DeviceId, type: string, timeMs: number) =>
    ({ author, timeMs, content: { type, device: OTHER } }) as unknown as Operation
  observer.accepted([
    said(OTHER, 'device.revoke', START_MS + 50),
    said(OTHER, 'device.suspend', START_MS + 90),
    said(OTHER, 'device.revoke', START_MS - 1),
    said(SELF, 'device.revoke', START_MS + 50),
    said(OTHER, 'device.enrol', START_MS + 50)
  ])
  assert.deepEqual(taken(), [
    ['revocation', null, START_MS + 70, 20],
    ['revocation', null, START_MS + 70, 0]
  ])
})
