import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Disk } from './disk.ts'
import { runSeeds } from './seed-command.ts'

/** A disk whose bytes are durable in word only. */
class HastyDisk extends Disk {
  override async sync(piece: number): Promise<void> {
    void super.sync(piece)
  }
}

const broken = () => ({ disk: (...init: ConstructorParameters<typeof Disk>) => new HastyDisk(...init) })
const throwing = () => ({
  hub: () => {
    throw new RangeError('no hub today')
  }
})

/** What is said while something runs, by stream. */
async function said(
  t: TestContext,
  run: () => Promise<boolean>
): Promise<{ isGood: boolean; out: string; err: string }> {
  const [out, err] = [
    t.mock.method(console, 'log', () => undefined),
    t.mock.method(console, 'error', () => undefined)
  ]
  const isGood = await run()
  const text = (mocked: typeof out): string =>
    mocked.mock.calls.map(call => (call.arguments as readonly unknown[]).map(String).join(' ')).join('\n')
  const result = { isGood, out: text(out), err: text(err) }
  t.mock.restoreAll()
  return result
}

const ONE = { from: 3, count: 1, json: false, trace: false }

test('a seed that passes says what was looked at, with its commit', async t => {
  const { isGood, out, err } = await said(t, () => runSeeds(ONE))
  assert.ok(isGood)
  assert.match(out, /^seed 3 at \S+: \d+ hosts; /)
  assert.match(out, /events in .* looked at: .*claims \d+/s)
  assert.equal(err, '')
})

test('a seed that fails says what was breached, where and when, and how to see it again', async t => {
  const { isGood, err } = await said(t, () => runSeeds({ ...ONE, parts: broken }))
  assert.ok(!isGood)
  assert.match(err, /^seed 3 at \S+ FAILED\n {2}claims: after [\d.]+ s h\d+ announces piece \d+/)
  assert.match(err, /again: (git checkout [0-9a-f]{12} && )?npm run sim -- --seed 3 --trace$/)
})

test('what the code under test throws is a failure of its seed too', async t => {
  const { isGood, err } = await said(t, () => runSeeds({ ...ONE, parts: throwing }))
  assert.ok(!isGood)
  assert.match(err, /FAILED[\s\S]*no hub today[\s\S]*again: /)
})

test('many seeds end at the first that fails, and give a line of JSON each', async t => {
  const many = { ...ONE, count: 3, json: true }
  const good = await said(t, () => runSeeds(many))
  assert.deepEqual(
    good.out.split('\n').map(line => [JSON.parse(line).seed, JSON.parse(line).outcome]),
    [3, 4, 5].map(seed => [seed, 'passed'])
  )
  const bad = await said(t, () => runSeeds({ ...many, parts: broken }))
  assert.deepEqual(
    bad.out.split('\n').map(line => JSON.parse(line).outcome),
    ['breached']
  )
})
