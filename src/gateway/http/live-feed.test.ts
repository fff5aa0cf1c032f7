import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Activity, LiveFeed } from './live-feed.ts'

const QUIET: Activity = {
  atMs: 1000,
  startedAtMs: 0,
  org: { id: 'a'.repeat(64), name: 'acme' },
  device: { id: 'd'.repeat(64), name: 'nas', site: 'berlin', kind: 'server', admin: true },
  operations: 3,
  peersConnected: 0,
  peersKnown: 0,
  wastedBytes: 0,
  receivedBytes: 0,
  sentBytes: 0,
  receiveBytesPerSecond: 0,
  sendBytesPerSecond: 0,
  transfers: [],
  peers: [],
  links: [],
  misbehaved: [],
  problems: []
}

const parts = (feed: LiveFeed, since: number) => feed.since(since).map(({ part }) => part)

test('each part is told when it changed, and silence is filled', () => {
  const feed = new LiveFeed()
  feed.take(QUIET, 0)
  assert.deepEqual(parts(feed, 0), ['activity', 'peers', 'ledger'])
  const first = feed.id
  feed.take({ ...QUIET, atMs: 2000 }, 1000)
  assert.deepEqual(parts(feed, first), [])
  feed.take({ ...QUIET, atMs: 3000, operations: 4 }, 2000)
  assert.deepEqual(parts(feed, first), ['ledger'])
  feed.take({ ...QUIET, atMs: 8000, operations: 4 }, 7000)
  assert.deepEqual(parts(feed, first), ['ledger', 'tick'])
  assert.deepEqual(JSON.parse(feed.since(first + 1)[0]?.data ?? ''), { atMs: 8000 })
})

test('who was away gets the newest of each part once', () => {
  const feed = new LiveFeed()
  feed.take(QUIET, 0)
  const seen = feed.id
  for (let second = 1; second <= 5; second++)
    feed.take({ ...QUIET, atMs: second * 1000, sentBytes: second }, second * 1000)
  const [event, ...more] = feed.since(seen)
  assert.deepEqual(more, [])
  assert.equal((JSON.parse(event?.data ?? '') as Activity).sentBytes, 5)
})

test('the list of peers is not told more often than every two seconds', () => {
  const feed = new LiveFeed()
  const told: number[] = []
  for (let second = 0; second <= 4; second++) {
    const before = feed.id
    feed.take(
      { ...QUIET, peers: [{ device: String(second) } as unknown as Activity['peers'][number]] },
      second * 1000
    )
    if (parts(feed, before).includes('peers')) told.push(second)
  }
  assert.deepEqual(told, [0, 2, 4])
})
