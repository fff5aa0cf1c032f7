import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { type Activity, activity as activitySchema } from '../../api/activity.ts'
import { paintFor, widthOf } from '../text.ts'
import { NO_HISTORY, remember, sparkline } from './rate-history.ts'
import { renderSnapshot, renderTop, rowsShown, type TopState } from './top-screen.ts'
import { FIRST_VIEW, keysOf, press, type TopView } from './top-view.ts'

const NOW_MS = Date.UTC(2027, 0, 2, 12, 34, 56)
const id = (n: number) => n.toString(16).padStart(64, '0')
const PLAIN = { paint: paintFor({ isTty: false, env: {} }), glyphs: 'unicode' } as const
const COLOURED = { paint: paintFor({ isTty: true, env: {} }), glyphs: 'unicode' } as const

function transfer(change: object = {}): unknown {
  return {
    ...{
      id: 't1',
      name: 'os/image',
      ordinal: 3,
      version: id(1),
      state: 'fetching',
      destination: '/srv/os-image'
    },
    ...{ totalBytes: 800_000_000, haveBytes: 420_000_000, receiveBytesPerSecond: 98_900_000 },
    ...{
      sendBytesPerSecond: 1_200_000,
      etaMs: 3842,
      peers: 12,
      inFlightBytes: 4_000_000,
      wanBytes: 200_000_000
    },
    ...{ problem: null, ...change }
  }
}

function peer(change: object = {}): unknown {
  return {
    ...{ device: id(2), name: 'lab-7', site: 'paris', sameSite: true, connected: true, rttMs: 1.25 },
    ...{
      receivedBytes: 400_000_000,
      sentBytes: 20_000_000,
      receiveBytesPerSecond: 51_000_000,
      sendBytesPerSecond: 0
    },
    ...{
      inFlightBytes: 2_000_000,
      stalled: false,
      chokesUs: false,
      streams: 1,
      havePieces: 40,
      totalPieces: 100
    },
    ...change
  }
}

function link(change: object = {}): unknown {
  return {
    ...{
      site: 'berlin',
      own: false,
      connected: 3,
      rttMs: 24.5,
      receivedBytes: 300_000_000,
      sentBytes: 9_000_000
    },
    ...{ receiveBytesPerSecond: 47_900_000, sendBytesPerSecond: 1_200_000, inFlightBytes: 2_000_000 },
    ...change
  }
}

const BAD = {
  ...{ device: id(3), name: 'evil', site: 'rome', reason: 'bad-block', detail: 'piece 3 of 40', count: 3 },
  ...{ firstAtMs: NOW_MS - 90_000, lastAtMs: NOW_MS - 60_000, bannedUntilMs: NOW_MS + 42_000 }
}

function activityOf(change: object = {}): Activity {
  return activitySchema.parse({
    ...{ atMs: NOW_MS, startedAtMs: NOW_MS - 3_720_000, org: { id: id(9), name: 'acme' } },
    device: { id: id(8), name: 'lab-1', site: 'paris', kind: 'server', admin: false },
    ...{ peersConnected: 12, peersKnown: 20, receivedBytes: 3_200_000_000, sentBytes: 120_000_000 },
    ...{ receiveBytesPerSecond: 98_900_000, sendBytesPerSecond: 1_200_000, wastedBytes: 32_768 },
    transfers: [
      transfer(),
      transfer({
        id: null,
        name: 'models',
        ordinal: 12,
        state: 'serving',
        haveBytes: 800_000_000,
        etaMs: null,
        destination: null,
        wanBytes: 0
      }),
      transfer({
        id: 't2',
        name: 'web',
        ordinal: 1,
        state: 'failed',
        haveBytes: 0,
        receiveBytesPerSecond: 0,
        sendBytesPerSecond: 0,
        etaMs: null,
        peers: 0,
        wanBytes: 0,
        problem: { code: 'DISK_FULL', message: 'the disk is full', path: '/srv' }
      })
    ],
    peers: [
      peer(),
      peer({
        device: id(4),
        name: 'slow-1',
        site: 'berlin',
        sameSite: false,
        stalled: true,
        receiveBytesPerSecond: 0
      }),
      peer({
        device: id(3),
        name: 'evil',
        site: 'rome',
        sameSite: false,
        connected: false,
        rttMs: null,
        streams: 0,
        totalPieces: 0,
        havePieces: 0,
        receiveBytesPerSecond: 0,
        inFlightBytes: 0
      })
    ],
    links: [link({ site: 'paris', own: true, rttMs: 0.4 }), link(), link({ site: null, rttMs: null })],
    misbehaved: [BAD],
    problems: [{ code: 'DISK_FULL', message: 'the disk is full', path: '/srv' }],
    ...change
  })
}

function stateOf(activity: Activity, view: Partial<TopView> = {}): TopState {
  let history = NO_HISTORY
  for (const rate of [0, 10, 40, 60, 98.9])
    history = remember(history, { receiveBytesPerSecond: rate, sendBytesPerSecond: 0 })
  return { activity, history, view: { ...FIRST_VIEW, ...view }, note: undefined }
}

const BY_HAND = {
  transfers: [
    'lab-1, site paris, org acme  peers 12/20  up 1 h 2 min  12:34:56',
    'down    98.9 MB/s                           ▁▄▅█  total 3.20 GB, 32.8 kB wasted',
    'up      1.20 MB/s                                 total 120 MB',
    '1 peer misbehaved, 1 banned now: evil (bad-block x3)  1 problem: DISK_FULL the …',
    '[transfers 3]  peers 3   links 3  by state',
    'DATASET     STATE     PROGRESS         DONE    SIZE       DOWN         UP    ETA',
    'os/image@3  fetching  [######.......]   52%  800 MB  98.9 MB/s  1.20 MB/s  3.8 s',
    'models@12   serving   [#############]  100%  800 MB  98.9 MB/s  1.20 MB/s      -',
    'web@1       failed    [.............]    0%  800 MB          -          -      -'
  ],
  peers: [
    'PEER    SITE          DOWN  UP  HAVE     RTT  STATE',
    'lab-7   paris *  51.0 MB/s   -   40%  1.3 ms  active',
    'slow-1  berlin           -   -   40%  1.3 ms  stalled',
    'evil    rome             -   -     -       -  banned for 42 s: bad-block x3'
  ],
  links: [
    'LINK               PEERS       DOWN         UP  RECEIVED     SENT      RTT',
    'paris (LAN)            3  47.9 MB/s  1.20 MB/s    300 MB  9.00 MB   0.4 ms',
    'paris - berlin         3  47.9 MB/s  1.20 MB/s    300 MB  9.00 MB  24.5 ms',
    'paris - not known      3  47.9 MB/s  1.20 MB/s    300 MB  9.00 MB        -'
  ]
} as const

describe('the live view on 80 columns and 24 rows', () => {
  const size = { columns: 80, rows: 24 }

  it('shows transfers below who and how much', () => {
    const lines = renderTop(stateOf(activityOf()), size, PLAIN)
    assert.deepEqual(lines.slice(0, 9), BY_HAND.transfers)
    assert.equal(lines.length, 24)
    assert.match(lines.at(-1) ?? '', /^q quit/)
  })

  for (const tab of ['peers', 'links'] as const)
    it(`shows ${tab}`, () => {
      const lines = renderTop(stateOf(activityOf(), { tab }), size, PLAIN)
      assert.deepEqual(lines.slice(5, 5 + BY_HAND[tab].length), BY_HAND[tab])
    })

  it('says what hinders it, and goes on to show what was', () => {
    const lines = renderTop({ ...stateOf(activityOf()), note: 'NODE_DOWN: it is down' }, size, PLAIN)
    assert.equal(lines[0], 'lab-1, site paris, org acme  NODE_DOWN: it is down')
    assert.deepEqual(lines.slice(4, 9), BY_HAND.transfers.slice(4))
  })

  it('says when there is nothing', () => {
    const nothing = activityOf({ transfers: [], peers: [], links: [], misbehaved: [], problems: [] })
    const lines = renderTop(stateOf(nothing), size, PLAIN)
    assert.equal(lines[3], '')
    assert.equal(lines[6], 'no transfers')
  })
})

describe('the live view', () => {
  it('has room for all columns on a wide terminal', () => {
    const wide = { columns: 200, rows: 50 }
    const transfers = renderTop(stateOf(activityOf()), wide, PLAIN)
    for (const title of ['PEERS', 'WAN', 'DESTINATION', 'PROBLEM'])
      assert.ok(transfers[5]?.includes(title), title)
    assert.match(transfers[6] ?? '', /0\.25x\s+\/srv\/os-image$/)
    assert.match(transfers[8] ?? '', /the disk is full$/)
    const peers = renderTop(stateOf(activityOf(), { tab: 'peers' }), wide, PLAIN)
    for (const title of ['IN FLIGHT', 'RECEIVED', 'SENT']) assert.ok(peers[5]?.includes(title), title)
  })

  it('sorts, and scrolls no farther than there are rows', () => {
    const peers = Array.from({ length: 30 }, (_, n) =>
      peer({ device: id(100 + n), name: `p-${String(n).padStart(2, '0')}`, receiveBytesPerSecond: n * 1000 })
    )
    const state = stateOf(activityOf({ peers }), { tab: 'peers' })
    const size = { columns: 80, rows: 14 }
    const names = (of: TopState) =>
      renderTop(of, size, PLAIN).flatMap(line => /^p-\d\d/.exec(line)?.[0] ?? [])
    assert.equal(rowsShown(state, size), 7)
    assert.deepEqual(names(state).slice(0, 2), ['p-29', 'p-28'])
    const byName = { ...state, view: press(state.view, 's', { all: 30, shown: 7 }) }
    assert.deepEqual(names(byName).slice(0, 2), ['p-00', 'p-01'])
    const atEnd = { ...byName, view: press(byName.view, 'end', { all: 30, shown: 7 }) }
    assert.deepEqual(
      names(atEnd),
      Array.from({ length: 7 }, (_, n) => `p-${23 + n}`)
    )
    assert.deepEqual(names({ ...atEnd, view: { ...atEnd.view, scroll: 1000 } }), names(atEnd))
  })

  it('fits every size: no line wider than the terminal, no more lines than rows, whatever names there are', () => {
    const name = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constant('日本語のとても長い名前です'),
      fc.constant('\u001b[2J\u202e')
    )
    const tab = fc.constantFrom('transfers', 'peers', 'links')
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 220 }),
        fc.integer({ min: 1, max: 60 }),
        name,
        tab,
        (columns, rows, text, chosen) => {
          const activity = activityOf({
            device: { id: id(8), name: text, site: text, kind: 'server', admin: false },
            peers: [peer({ name: text, site: text }), peer({ name: null, site: null, device: id(3) })],
            links: [link({ site: text })],
            misbehaved: [{ ...BAD, name: text, detail: text }],
            problems: [{ code: 'DISK_FULL', message: text, path: null }]
          })
          const state = stateOf(activity, { tab: chosen })
          const lines = renderTop(state, { columns, rows }, PLAIN)
          assert.ok(lines.length <= rows, `${lines.length} lines on ${rows} rows`)
          for (const line of lines) {
            assert.ok(
              widthOf(line) <= columns,
              `${widthOf(line)} columns on ${columns}: ${JSON.stringify(line)}`
            )
            assert.doesNotMatch(line, /[\p{Cc}\u202e]/u)
          }
          const coloured = renderTop(state, { columns, rows }, COLOURED)
          const bare = coloured.map(line => stripVTControlCharacters(line).trimEnd())
          assert.deepEqual(
            bare,
            lines.map(line => line.trimEnd())
          )
        }
      ),
      { numRuns: 300 }
    )
  })

  it('as a snapshot has everything, with who misbehaved and what is wrong in full', () => {
    const text = renderSnapshot(stateOf(activityOf()), 120, PLAIN).join('\n')
    for (const part of [
      'os/image@3',
      'slow-1',
      'paris - berlin',
      'evil (rome): bad-block x3, last: piece 3 of 40',
      'DISK_FULL: the disk is full'
    ])
      assert.ok(text.includes(part), part)
  })
})

describe('rates as bars', () => {
  it('rise to the highest that is shown, the newest at the right', () => {
    assert.equal(sparkline([0, 1, 2, 4, 8], 5, 'unicode'), ' ▂▃▅█')
    assert.equal(sparkline([8, 4], 6, 'ascii'), '    @*')
    assert.equal(sparkline([100, 1, 1], 2, 'unicode'), '██')
    assert.equal(sparkline([0, 0], 3, 'unicode'), '   ')
    assert.equal(sparkline([1], 0, 'unicode'), '')
  })

  it('are remembered for as long as a terminal can show them', () => {
    let history = NO_HISTORY
    for (let n = 0; n < 1000; n++)
      history = remember(history, { receiveBytesPerSecond: n, sendBytesPerSecond: 0 })
    assert.equal(history.received.length, 240)
    assert.equal(history.received.at(-1), 999)
  })
})

describe('keys', () => {
  it('are told apart as terminals send them', () => {
    assert.deepEqual(keysOf('\u001b[A\u001bOBq\t\u001b[Z\u001b[5~\u0003s'), [
      'up',
      'down',
      'q',
      'right',
      'left',
      'page-up',
      'interrupt',
      's'
    ])
  })

  it('choose what is seen', () => {
    const rows = { all: 10, shown: 4 }
    const after = (...keys: string[]) => keys.reduce((view, key) => press(view, key, rows), FIRST_VIEW)
    assert.equal(after('p').tab, 'peers')
    assert.equal(after('right', 'right').tab, 'links')
    assert.equal(after('left').tab, 'links')
    assert.equal(after('right', 'right', 'right').tab, 'transfers')
    assert.equal(after('down', 'down', 'up').scroll, 1)
    assert.equal(after('page-down', 'page-down', 'page-down').scroll, 6)
    assert.equal(after('down', 't').scroll, 0)
    assert.equal(after('x'), FIRST_VIEW)
    assert.deepEqual(after('s').sort, { transfers: 1, peers: 0, links: 0 })
    assert.equal(after('s', 's', 's', 's').sort.transfers, 0)
  })
})
