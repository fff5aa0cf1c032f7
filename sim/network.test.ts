import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MIB } from '../src/base/units.ts'
import { Engine } from './engine.ts'
import { Link, Pipe } from './network.ts'
import { Random } from './random.ts'

interface Flow {
  readonly pipe: Pipe
  arrivedBytes: number
  readonly arrived: number[]
}

interface Scene {
  readonly engine: Engine
  readonly link: (bytesPerMs: number, delayMs?: number) => Link
  readonly flow: (links: readonly Link[], cut?: { isCut: boolean }) => Flow
}

function scene(): Scene {
  const engine = new Engine()
  const random = new Random(1)
  return {
    engine,
    link: (bytesPerMs, delayMs = 0) => new Link(engine, { bytesPerMs, delayMs }),
    flow: (links, cut = { isCut: false }) => {
      const flow: Flow = {
        arrivedBytes: 0,
        arrived: [],
        pipe: new Pipe({
          ...{ engine, random, links },
          isCut: () => cut.isCut,
          isBackCut: () => false,
          onLeaving: () => undefined,
          onRoom: () => undefined,
          onArrival: parts => {
            for (const { bytes } of parts) {
              flow.arrivedBytes += bytes.length
              flow.arrived.push(bytes[0] ?? 0)
            }
          }
        })
      }
      return flow
    }
  }
}

function send(flow: Flow, count: number): void {
  for (let index = 0; index < count; index++) {
    const bytes = new Uint8Array(MIB).fill(index)
    flow.pipe.send([{ bytes, messages: 1, isBlock: true }])
  }
}

const share = (a: Flow, b: Flow): number => a.arrivedBytes / (a.arrivedBytes + b.arrivedBytes)

test('two flows over one link have half of it each', async () => {
  const { engine, link, flow } = scene()
  const shared = link(1000)
  const [a, b] = [flow([shared, link(10_000)]), flow([shared, link(10_000)])]
  for (const each of [a, b]) send(each, 20)
  await engine.run(5000, { isDone: () => false })
  assert.ok(Math.abs(share(a, b) - 0.5) < 0.02)
  assert.ok(a.arrivedBytes + b.arrivedBytes > 0.85 * 5_000_000, 'the link is full')
})

test('a flow that a thin link holds back leaves the rest of a shared one to the other: max-min', async () => {
  const { engine, link, flow } = scene()
  const shared = link(1000)
  const [thin, wide] = [flow([shared, link(100)]), flow([shared, link(10_000)])]
  for (const each of [thin, wide]) send(each, 20)
  await engine.run(5000, { isDone: () => false })
  assert.ok(Math.abs(share(thin, wide) - 0.1) < 0.02)
})

test('a long way is filled, for the window grows with it', async () => {
  const { engine, link, flow } = scene()
  const far = flow([link(1000, 100)])
  send(far, 20)
  await engine.run(5000, { isDone: () => false })
  assert.ok(far.arrivedBytes > 0.8 * 5_000_000)
})

test('loss costs time, and neither bytes nor their order', async () => {
  const { engine, link, flow } = scene()
  const [good, bad] = [link(1000), link(1000)]
  bad.lossShare = 0.05
  const [sound, lossy] = [flow([good]), flow([bad])]
  for (const each of [sound, lossy]) send(each, 3)
  await engine.run(2000, { isDone: () => false })
  assert.ok(lossy.arrivedBytes < sound.arrivedBytes)
  await engine.run(600_000, { isDone: () => false })
  assert.equal(lossy.arrivedBytes, 3 * MIB)
  assert.deepEqual(lossy.arrived, lossy.arrived.toSorted())
})

test('nothing comes through while a way is cut, and everything after', async () => {
  const { engine, link, flow } = scene()
  const cut = { isCut: true }
  const one = flow([link(1000)], cut)
  send(one, 1)
  await engine.run(5000, { isDone: () => false })
  assert.equal(one.arrivedBytes, 0)
  cut.isCut = false
  await engine.run(60_000, { isDone: () => false })
  assert.equal(one.arrivedBytes, MIB)
})

test('a full buffer says so, and says when there is room', async () => {
  const { engine, link, flow } = scene()
  const { pipe } = flow([link(1000)])
  const part = { bytes: new Uint8Array(MIB), messages: 1, isBlock: true }
  while (pipe.send([part]));
  assert.ok(!pipe.hasRoom)
  await engine.run(60_000, { isDone: () => false })
  assert.ok(pipe.hasRoom)
  assert.equal(pipe.unsentBytes, 0)
})
