import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Turn, Turns } from './turns.ts'

const OVER_MS = 30
const LOST_MS = 50

/** Those who have had a turn, in order; each waits for its next occasion. */
class Line {
  readonly turns = new Turns({ overMs: OVER_MS, lostMs: LOST_MS })
  readonly begun: string[] = []
  readonly #stop = new AbortController()
  readonly #mock: TestContext['mock']

  constructor({ mock }: TestContext) {
    this.#mock = mock
    mock.timers.enable({ apis: ['setTimeout'] })
  }

  async take(name: string, signal = this.#stop.signal): Promise<Turn> {
    const turn = await this.turns.take(signal)
    this.begun.push(name)
    return turn
  }

  async after(ms: number): Promise<void> {
    this.#mock.timers.tick(ms)
    await nextTurn()
  }
}

test('one at a time, in the order in which they asked', async t => {
  const line = new Line(t)
  const first = await line.take('a')
  const [second, third] = [line.take('b'), line.take('c')]
  await line.after(0)
  assert.deepEqual(line.begun, ['a'])
  first.end()
  ;(await second).end()
  ;(await third).end()
  assert.deepEqual(line.begun, ['a', 'b', 'c'])
  await line.take('d')
})

test('who has had its time lets those that wait go first, and goes on after them', async t => {
  const line = new Line(t)
  const long = await line.take('long')
  const waits = line.take('waits')
  await line.after(OVER_MS - 1)
  await long.pass()
  assert.deepEqual(line.begun, ['long'], 'its time is not over')
  await line.after(1)
  const again = long.pass().then(() => line.begun.push('long'))
  const later = line.take('later')
  ;(await waits).end()
  await again
  assert.deepEqual(line.begun, ['long', 'waits', 'long'])
  long.end()
  ;(await later).end()
})

test('who is alone goes on for as long as it takes', async t => {
  const line = new Line(t)
  const alone = await line.take('alone')
  await line.after(10 * LOST_MS)
  await alone.pass()
  assert.deepEqual(line.begun, ['alone'])
})

test('who stands still loses its turn, to who waits or comes later, and takes its place behind them', async t => {
  const line = new Line(t)
  const stuck = await line.take('stuck')
  const waits = line.take('waits')
  await line.after(LOST_MS)
  const held = await waits
  const back = stuck.pass().then(() => line.begun.push('stuck'))
  await line.after(0)
  assert.deepEqual(line.begun, ['stuck', 'waits'])
  held.end()
  await back
  assert.deepEqual(line.begun, ['stuck', 'waits', 'stuck'])
  await line.after(LOST_MS)
  await line.take('comes later')
  assert.equal(line.begun.at(-1), 'comes later')
})

test('who has lost its turn has one again from its next occasion on, also where nobody has one by then', async t => {
  const line = new Line(t)
  const stuck = await line.take('stuck')
  const second = line.take('second')
  await line.after(LOST_MS)
  ;(await second).end()
  await stuck.pass()
  const third = line.take('third')
  await line.after(0)
  assert.deepEqual(line.begun, ['stuck', 'second'])
  stuck.end()
  ;(await third).end()
})

test('while some stand still, one more at once for each: however many they are, the last has its turn soon', async t => {
  const line = new Line(t)
  await line.take('stuck')
  const names = Array.from({ length: 126 }, (_, index) => `stuck ${index}`)
  for (const name of [...names, 'last']) void line.take(name)
  const counts: number[] = []
  for (let times = 0; times < 6; times++) {
    await line.after(LOST_MS)
    counts.push(line.begun.length)
  }
  assert.deepEqual(counts, [3, 7, 15, 31, 63, 127])
  await line.after(LOST_MS)
  assert.equal(line.begun.at(-1), 'last')
})

test('who uses up its time and has nothing to show for it makes room for one more, too', async t => {
  const line = new Line(t)
  const drips = await line.take('drips')
  for (const name of ['drips too', 'b', 'c']) void line.take(name)
  await line.after(LOST_MS - 1)
  void drips.pass()
  await line.after(0)
  assert.deepEqual(line.begun, ['drips', 'drips too', 'b'])
})

test('who brings something in its time does not', async t => {
  const line = new Line(t)
  const brings = await line.take('brings')
  for (const name of ['b', 'c']) void line.take(name)
  await line.after(LOST_MS - 1)
  brings.hasBrought = true
  void brings.pass()
  await line.after(0)
  assert.deepEqual(line.begun, ['brings', 'b'])
})

test('when nobody waits any more it is one at a time again', async t => {
  const line = new Line(t)
  const stuck = await line.take('stuck')
  const rest = [line.take('b'), line.take('c')]
  await line.after(LOST_MS)
  for (const each of rest) (await each).end()
  const first = line.take('d')
  const second = line.take('e')
  await line.after(0)
  assert.deepEqual(line.begun, ['stuck', 'b', 'c', 'd'])
  ;(await first).end()
  ;(await second).end()
  stuck.end()
})

test('a turn that was lost ends nobody else’s', async t => {
  const line = new Line(t)
  const stuck = await line.take('stuck')
  const second = line.take('second')
  await line.after(LOST_MS)
  await second
  const third = line.take('third')
  stuck.end()
  await line.after(0)
  assert.deepEqual(line.begun, ['stuck', 'second'])
  ;(await second).end()
  ;(await third).end()
})

test('who gives up waiting is passed over', async t => {
  const line = new Line(t)
  const first = await line.take('a')
  const gone = new AbortController()
  const waiting = line.take('gone', gone.signal)
  const next = line.take('b')
  gone.abort(new Error('no more'))
  await assert.rejects(waiting, /no more/)
  await assert.rejects(line.take('never', gone.signal), /no more/)
  first.end()
  ;(await next).end()
  assert.deepEqual(line.begun, ['a', 'b'])
})
