import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { HOUR_MS, KIB, MIB } from '../../base/units.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { type Hours, parseHours } from '../../swarm/bandwidth/calendar.ts'
import {
  type BandwidthPolicy,
  type DataClass,
  type LinkKind,
  NO_POLICY,
  type RuleTerms,
  withRule
} from '../../swarm/bandwidth/policy.ts'
import { VirtualTime } from '../../swarm/virtual-time.conformance.ts'
import type { Clock } from '../clock.ts'
import { SILENT_LOG } from '../log.ts'
import { Bandwidth } from './bandwidth.ts'
import type { Flow } from './flow.ts'

const BLOCK = 16 * KIB
const EPOCH = Date.parse('2026-11-26T06:00:00Z')
const CAP = { kind: 'cap', bytesPerSecond: 200_000 } as const

function policyOf(...rules: readonly Partial<RuleTerms>[]): BandwidthPolicy {
  const base = { direction: 'up', link: 'all', dataClass: 'all', hours: null, limit: CAP } as const
  return rules.reduce((policy: BandwidthPolicy, rule) => withRule(policy, { ...base, ...rule }), NO_POLICY)
}

/** The limits of a device whose time the test moves. */
class Scene {
  readonly time = new VirtualTime()
  readonly records: MemoryRecords
  readonly bandwidth: Bandwidth
  /** How far the date is from where it should be. */
  dateOffMs = 0
  roundTripMs = 1
  probes = 0
  isDiskFull = false

  constructor(records = new MemoryRecords()) {
    this.records = records
    this.bandwidth = new Bandwidth({
      ...{ log: SILENT_LOG, clock: this.#clock() },
      records: {
        getBlob: key => records.getBlob(key),
        putBlob: (key, bytes) => {
          if (this.isDiskFull) throw new AppError('DISK_FULL', 'the disk is full')
          records.putBlob(key, bytes)
        }
      },
      roundTrip: () => {
        const { promise, resolve } = Promise.withResolvers<number>()
        const ms = this.roundTripMs
        this.probes++
        this.time.at(this.time.nowMs + ms, () => resolve(ms))
        return promise
      }
    })
  }

  #clock(): Clock {
    const { time } = this
    const after = (ms: number, run: () => void) => {
      let isOver = false
      time.at(time.nowMs + ms, () => {
        if (!isOver) run()
      })
      return () => {
        isOver = true
      }
    }
    const every = (ms: number, run: () => void) => {
      let cancel = after(ms, () => undefined)
      const again = (): void => {
        cancel = after(ms, () => {
          again()
          run()
        })
      }
      again()
      return () => cancel()
    }
    return {
      ...{ nowMs: () => time.nowMs, epochMs: () => EPOCH + this.dateOffMs + time.nowMs },
      ...{ after, every, soon: run => void after(0, run) }
    }
  }

  open(peer: string, more: { link?: LinkKind; dataClass?: DataClass; direction?: 'up' | 'down' } = {}): Flow {
    return this.bandwidth.open({
      direction: 'up',
      link: 'lan',
      classNow: () => more.dataClass ?? 'internal',
      peer,
      version: undefined,
      ...more
    })
  }

  /** Lets time pass, and everything that waits for it happen. */
  async run(ms: number): Promise<void> {
    const endMs = this.time.nowMs + ms
    while (this.time.step(endMs)) await Promise.resolve()
    this.time.nowMs = endMs
    await Promise.resolve()
  }
}

/** Sends blocks over a flow as fast as it may. */
class Sender {
  readonly flow: Flow
  sentBytes = 0
  isOver = false

  constructor(flow: Flow, blockBytes = BLOCK) {
    this.flow = flow
    void this.#send(blockBytes)
  }

  async #send(blockBytes: number): Promise<void> {
    while (!this.isOver) {
      if ((await this.flow.acquire(blockBytes)) === false) return
      this.sentBytes += blockBytes
      if (this.flow.isFree) return
    }
  }
}

function isNear(value: number, wanted: number, share = 0.05): void {
  assert.ok(Math.abs(value - wanted) <= share * wanted, `${value}, not ${wanted}`)
}

test('without rules every flow is free, and nothing is set up', async () => {
  const scene = new Scene()
  const flow = scene.open('a')
  assert.ok(flow.isFree && flow.mayPass())
  assert.equal(flow.acquire(10 * MIB), true)
  assert.equal(flow.turnBytes, Number.POSITIVE_INFINITY)
  assert.equal(scene.time.step(Number.POSITIVE_INFINITY), false, 'no timer runs')
})

test('a cap is shared out evenly, whatever the length of blocks, and what one leaves others take', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({}))
  const [a, b, c] = [
    new Sender(scene.open('a')),
    new Sender(scene.open('b'), 4 * BLOCK),
    new Sender(scene.open('c'))
  ]
  await scene.run(60_000)
  for (const { sentBytes } of [a, b, c]) isNear(sentBytes, (60 * CAP.bytesPerSecond) / 3, 0.06)
  c.isOver = true
  const before = a.sentBytes
  await scene.run(30_000)
  isNear(a.sentBytes - before, (30 * CAP.bytesPerSecond) / 2, 0.1)
})

test('who comes late gets its part from then on, and no more', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({}))
  const a = new Sender(scene.open('a'))
  await scene.run(60_000)
  const before = a.sentBytes
  const b = new Sender(scene.open('b'))
  await scene.run(20_000)
  isNear(a.sentBytes - before, b.sentBytes, 0.1)
})

test('a cap is shared out evenly also beside traffic that goes much faster under another', async () => {
  const scene = new Scene()
  scene.bandwidth.change(
    policyOf({ link: 'lan', limit: { kind: 'cap', bytesPerSecond: 50_000_000 } }, { link: 'wan' })
  )
  const fast = new Sender(scene.open('fast'), 8 * BLOCK)
  const [short, long] = [
    new Sender(scene.open('a', { link: 'wan' })),
    new Sender(scene.open('b', { link: 'wan' }), 8 * BLOCK)
  ]
  await scene.run(60_000)
  for (const { sentBytes } of [short, long]) isNear(sentBytes, (60 * CAP.bytesPerSecond) / 2, 0.06)
  isNear(fast.sentBytes, 60 * 50_000_000)
})

test('rules for a link or a class hold up nothing else', async () => {
  const scene = new Scene()
  scene.bandwidth.change(
    policyOf(
      { link: 'wan', limit: { kind: 'cap', bytesPerSecond: 20_000 } },
      { dataClass: 'restricted', limit: { kind: 'cap', bytesPerSecond: 50_000 } },
      {}
    )
  )
  const wan = new Sender(scene.open('a', { link: 'wan' }))
  const restricted = new Sender(scene.open('b', { dataClass: 'restricted' }))
  const rest = new Sender(scene.open('c'))
  await scene.run(60_000)
  isNear(wan.sentBytes, 60 * 20_000)
  isNear(restricted.sentBytes, 60 * 50_000)
  isNear(rest.sentBytes, 60 * (CAP.bytesPerSecond - 70_000), 0.06)
  assert.ok(scene.open('d', { direction: 'down' }).isFree)
})

test('a version that gets a stricter class is under the rules of that class, also where it is being sent', () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({ dataClass: 'restricted', limit: { kind: 'cap', bytesPerSecond: 0 } }))
  const more: { dataClass: DataClass } = { dataClass: 'internal' }
  const flow = scene.open('a', more)
  const paces: (number | undefined)[] = []
  flow.onPace = pace => paces.push(pace)
  assert.ok(flow.mayPass())
  more.dataClass = 'restricted'
  scene.bandwidth.recheck()
  assert.ok(!flow.mayPass())
  assert.deepEqual(paces, [0])
})

test('hours begin and end while something waits, and a date that is set back is noticed', async () => {
  const scene = new Scene()
  const hours = parseHours('08:00-09:00 Europe/Berlin', 'UTC') as Hours
  scene.bandwidth.change(policyOf({ hours, limit: { kind: 'cap', bytesPerSecond: 0 } }))
  const flow = scene.open('a')
  assert.ok(flow.isFree)
  await scene.run(HOUR_MS + 1500)
  assert.equal(flow.pace, 0)
  let passed: boolean | undefined
  void Promise.resolve(flow.acquire(BLOCK)).then(may => {
    passed = may
  })
  await scene.run(HOUR_MS - 3000)
  assert.equal(passed, undefined)
  await scene.run(5000)
  assert.equal(passed, true)
  assert.equal(flow.pace, undefined)
  scene.dateOffMs = -HOUR_MS
  await scene.run(1500)
  assert.equal(flow.pace, 0)
})

test('what waits can leave, and then takes nothing', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({}))
  const [flow, other] = [scene.open('a'), scene.open('b')]
  assert.equal(flow.acquire(10 * BLOCK), true)
  const turn = flow.acquire(100 * BLOCK)
  const next = other.acquire(BLOCK)
  assert.ok(turn !== true && next !== true)
  flow.leave()
  assert.equal(await turn, false)
  await scene.run(1000)
  assert.equal(await next, true)
})

test('a flow that was closed never waits again', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({ limit: { kind: 'cap', bytesPerSecond: 0 } }))
  const flow = scene.open('a')
  flow.close()
  assert.equal(await Promise.race([flow.acquire(BLOCK), scene.run(1000)]), false)
  assert.equal(scene.bandwidth.throttle.rules[0]?.waiting, 0)
})

test('no way is left when no rule has traffic yield any more', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({ link: 'wan', limit: { kind: 'background' } }))
  const sender = new Sender(scene.open('a', { link: 'wan' }))
  await scene.run(1000)
  assert.equal(scene.bandwidth.paths().length, 1)
  scene.bandwidth.change(NO_POLICY)
  await scene.run(1000)
  assert.deepEqual(scene.bandwidth.paths(), [])
  sender.isOver = true
})

test('what the disk did not take of the use of a budget is written as soon as it takes it', () => {
  const scene = new Scene()
  scene.bandwidth.change({ ...NO_POLICY, budgets: { up: { bytes: 100 * MIB, zone: 'UTC' }, down: null } })
  const used = (of: Scene): number => of.bandwidth.throttle.budget('up')?.daily.usedBytes ?? 0
  const wan = scene.open('a', { link: 'wan' })
  scene.isDiskFull = true
  assert.equal(wan.acquire(3 * MIB), true)
  scene.isDiskFull = false
  assert.equal(wan.acquire(BLOCK), true)
  assert.ok(used(new Scene(scene.records)) >= 3 * MIB + BLOCK)
})

test('a flow is told what it may expect, its part of the cap, and when that is over', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({}))
  const paces: (number | undefined)[] = []
  const a = scene.open('a')
  a.onPace = pace => paces.push(pace)
  const sender = new Sender(a)
  await scene.run(2000)
  assert.deepEqual(paces, [CAP.bytesPerSecond])
  const other = new Sender(scene.open('b'))
  await scene.run(2000)
  assert.deepEqual(paces, [CAP.bytesPerSecond, CAP.bytesPerSecond / 2])
  scene.bandwidth.change(policyOf({ limit: { kind: 'cap', bytesPerSecond: 0 } }))
  assert.equal(paces.at(-1), 0)
  scene.bandwidth.change(NO_POLICY)
  assert.equal(paces.at(-1), undefined)
  sender.isOver = true
  other.isOver = true
})

test('the policy outlives the node, and one that can not be read leaves it without limits', () => {
  const scene = new Scene()
  const policy = { ...policyOf({}), budgets: { up: { bytes: 100 * MIB, zone: 'UTC' }, down: null } }
  scene.bandwidth.change(policy)
  assert.deepEqual(new Scene(scene.records).bandwidth.policy, policy)
  scene.records.putBlob('settings/bandwidth', utf8('{"v":1'))
  assert.deepEqual(new Scene(scene.records).bandwidth.policy, NO_POLICY)
})

test('what was used of a budget outlives a crash, and is exact after an orderly end', async () => {
  const scene = new Scene()
  scene.bandwidth.change({ ...NO_POLICY, budgets: { up: { bytes: 100 * MIB, zone: 'UTC' }, down: null } })
  const used = (of: Scene): number => of.bandwidth.throttle.budget('up')?.daily.usedBytes ?? 0
  const wan = scene.open('a', { link: 'wan' })
  for (let sent = 0; sent < 50 * MIB; sent += MIB) {
    assert.equal(wan.acquire(MIB), true)
    const crashed = used(new Scene(scene.records))
    assert.ok(crashed >= used(scene) && crashed <= used(scene) + 2 * MIB, `${crashed}, ${used(scene)}`)
  }
  assert.equal(wan.acquire(MIB), true)
  assert.equal(used(scene), 51 * MIB)
  scene.bandwidth.close()
  assert.equal(used(new Scene(scene.records)), 51 * MIB)
  // To end a budget and set it anew gives nothing back.
  const anew = new Scene(scene.records)
  anew.bandwidth.change(NO_POLICY)
  anew.bandwidth.change({ ...NO_POLICY, budgets: { up: { bytes: 100 * MIB, zone: 'UTC' }, down: null } })
  assert.ok(used(anew) >= 51 * MIB)
})

test('a budget that is spent lets its day end, and then all that waits goes on', async () => {
  const scene = new Scene()
  scene.bandwidth.change({ ...NO_POLICY, budgets: { up: { bytes: MIB, zone: 'Europe/Berlin' }, down: null } })
  const sender = new Sender(scene.open('a', { link: 'wan' }))
  await scene.run(60_000)
  assert.equal(sender.sentBytes, MIB)
  await scene.run(17 * HOUR_MS)
  assert.equal(sender.sentBytes, 2 * MIB)
})

test('traffic that yields goes by what probes see: up while the way is empty, down when a queue forms', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({ link: 'wan', limit: { kind: 'background' } }))
  const sender = new Sender(scene.open('a', { link: 'wan' }))
  const rate = async (ms: number): Promise<number> => {
    const before = sender.sentBytes
    await scene.run(ms)
    return ((sender.sentBytes - before) * 1000) / ms
  }
  await scene.run(2000)
  const quiet = await rate(500)
  assert.ok(quiet > 2_000_000, `${quiet}`)
  scene.roundTripMs = 150
  await scene.run(8000)
  const pressed = await rate(2000)
  assert.ok(pressed < 100_000, `${pressed}`)
  assert.equal(scene.bandwidth.paths().length, 1)
  sender.isOver = true
})

test('where traffic yields, blocks leave in short parts', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({ link: 'wan', limit: { kind: 'background' } }))
  const flow = scene.open('a', { link: 'wan' })
  assert.equal(flow.partBytes(128 * KIB), BLOCK)
  assert.equal(scene.open('b').partBytes(128 * KIB), 128 * KIB)
  scene.bandwidth.change(policyOf({}))
  assert.equal(flow.partBytes(128 * KIB), 128 * KIB)
})

test('parts are of whole bytes, at any rate', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({ link: 'wan', limit: { kind: 'background' } }))
  const flow = scene.open('a', { link: 'wan' })
  const sender = new Sender(flow)
  await scene.run(2000)
  const partBytes = flow.partBytes(512 * KIB)
  assert.ok(partBytes > BLOCK && Number.isInteger(partBytes), `${partBytes}`)
  sender.isOver = true
})

test('no more is asked for at a time than what is left of a budget, or goes in a moment at the rate', () => {
  const scene = new Scene()
  scene.bandwidth.change({
    ...policyOf({ link: 'lan', limit: { kind: 'cap', bytesPerSecond: 2_000_000 } }),
    budgets: { up: { bytes: 10 * MIB, zone: 'UTC' }, down: null }
  })
  assert.deepEqual([scene.open('a').turnBytes, scene.open('a').bytesOf(8)], [200_000, 1_600_000])
  const wan = scene.open('b', { link: 'wan' })
  assert.equal(wan.acquire(8 * MIB), true)
  assert.deepEqual([wan.turnBytes, wan.bytesOf(8)], [2 * MIB, 2 * MIB])
  assert.equal(wan.acquire(2 * MIB - 1), true)
  assert.equal(wan.turnBytes, BLOCK)
})

test('nobody is let past who waits, and who left is not waited for', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({}))
  const [first, waiting, late] = [scene.open('a'), scene.open('b'), scene.open('c')]
  assert.equal(first.acquire(10 * BLOCK), true)
  const turn = waiting.acquire(BLOCK)
  // The gate opens, and before the one that waits is told, another asks.
  scene.time.nowMs += 10_000
  const lateTurn = late.acquire(BLOCK)
  assert.notEqual(lateTurn, true)
  await scene.run(10)
  assert.deepEqual(await Promise.all([turn, lateTurn]), [true, true])
  assert.equal(first.acquire(10 * BLOCK), true)
  const left = waiting.acquire(BLOCK)
  waiting.leave()
  assert.equal(await left, false)
  assert.equal(scene.bandwidth.throttle.rules[0]?.waiting, 0)
  scene.time.nowMs += 10_000
  assert.equal(late.acquire(BLOCK), true)
})

test('all who wait go on when a rule ends, however many', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({ limit: { kind: 'cap', bytesPerSecond: 0 } }))
  const turns = Array.from({ length: 500 }, (_, at) => scene.open(`${at}`).acquire(BLOCK))
  await scene.run(1000)
  scene.bandwidth.change(NO_POLICY)
  let passed = 0
  for (const turn of turns) void Promise.resolve(turn).then(() => passed++)
  await scene.run(1000)
  assert.equal(passed, turns.length)
})

test('what was used is not forgotten when the zone of a budget is changed, a crash right after it included', () => {
  const scene = new Scene()
  const used = (of: Scene): number => of.bandwidth.throttle.budget('up')?.daily.usedBytes ?? 0
  const inZone = (zone: string) => ({ ...NO_POLICY, budgets: { up: { bytes: 100 * MIB, zone }, down: null } })
  scene.bandwidth.change(inZone('America/Los_Angeles'))
  assert.equal(scene.open('a', { link: 'wan' }).acquire(20 * MIB), true)
  // There it is the next day already, at six in the morning of Greenwich.
  scene.bandwidth.change(inZone('Pacific/Auckland'))
  assert.equal(used(scene), 20 * MIB)
  assert.ok(used(new Scene(scene.records)) >= 20 * MIB)
})

test('a probe that does not come back is a queue, and probes begin anew after a pause', async () => {
  const scene = new Scene()
  scene.bandwidth.change(policyOf({ link: 'wan', limit: { kind: 'background' } }))
  const flow = scene.open('a', { link: 'wan' })
  const sender = new Sender(flow)
  await scene.run(2000)
  const [path] = scene.bandwidth.paths()
  const free = path?.gate.bytesPerSecond ?? 0
  scene.roundTripMs = 60_000
  await scene.run(4000)
  assert.ok((path?.gate.bytesPerSecond ?? 0) < 0.1 * free, `${path?.gate.bytesPerSecond}, of ${free}`)
  sender.isOver = true
  await scene.run(120_000)
  const probes = scene.probes
  await scene.run(10_000)
  assert.equal(scene.probes, probes, 'none without traffic')
  scene.roundTripMs = 1
  void new Sender(flow)
  await scene.run(1000)
  assert.ok(scene.probes > probes)
})
