import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { transfer } from '../api/transfer.ts'
import type { Terminal } from './context.ts'
import {
  fitLine,
  ProgressMeter,
  percent,
  publishLine,
  renderBar,
  transferLine,
  verifyLine
} from './progress.ts'
import { widthOf } from './text.ts'
import { renderDone } from './transfer-watch.ts'

const FETCHING = transfer.parse({
  id: 't-1',
  name: 'os-image',
  version: 'ab'.repeat(32),
  ordinal: 3,
  purpose: null,
  destination: '/d',
  state: 'fetching',
  startedAtMs: 0,
  finishedAtMs: null,
  files: 2,
  totalBytes: 2_000_000_000,
  haveBytes: 1_160_000_000,
  resumedBytes: 0,
  reusedBytes: 0,
  receivedBytes: 0,
  wastedBytes: 0,
  bytesPerSecond: 312_000_000,
  etaMs: 2700,
  sourcesConnected: 5,
  sources: [],
  problem: null
})

describe('lines', () => {
  it('of a transfer tell amount, rate, time and sources', () => {
    assert.equal(
      transferLine(FETCHING),
      'os-image@3  [#############...........] 58%  1.16 GB of 2.00 GB  312 MB/s  ETA 2.7 s  5 sources'
    )
    assert.match(
      transferLine({ ...FETCHING, etaMs: null, sourcesConnected: 1, resumedBytes: 5_000_000 }),
      /MB\/s {2}1 source {2}\(5\.00 MB were here\)$/
    )
  })

  it('of a transfer that takes from an origin say so, and how much it was in the end', () => {
    const url = 'https://mirror.example/os/'
    const origin = { url, state: 'ready' as const, problem: null, retryAtMs: null, bytesPerSecond: 1000 }
    const taking = {
      ...FETCHING,
      sourcesConnected: 0,
      origin: { ...origin, need: 'late' as const, receivedBytes: 5 }
    }
    assert.match(transferLine(taking), / {2}0 sources and the origin$/)
    assert.match(transferLine({ ...taking, origin: { ...taking.origin, need: null } }), / {2}0 sources$/)
    const done = { ...FETCHING, state: 'complete' as const, finishedAtMs: 1000, receivedBytes: 1_000_000 }
    const lines = renderDone({ ...done, origin: { ...taking.origin, need: null, receivedBytes: 2_000_000 } })
    assert.ok(lines.includes('  received 3.00 MB in 1.0 s, 3.00 MB/s'), lines.join())
    assert.ok(lines.includes(`  2.00 MB from the origin, ${url}`))
  })

  it('of a waiting transfer say so, and why', () => {
    assert.match(transferLine({ ...FETCHING, state: 'paused' }), /^os-image@3 {2}paused; .*58%/)
    assert.match(transferLine({ ...FETCHING, state: 'queued' }), /^os-image@3 {2}queued behind/)
    const waiting = { ...FETCHING, state: 'waiting' as const }
    assert.match(transferLine(waiting), /^os-image@3 {2}waiting for a peer that has it… {2}58%/)
    const problem = { code: 'PEER_UNREACHABLE', message: 'no address\nanswered', path: null }
    assert.match(transferLine({ ...waiting, problem }), /: no address\ufffdanswered$/)
  })

  it('of one that may start at any moment say no more than that', () => {
    const waiting = { ...FETCHING, state: 'waiting' as const }
    assert.equal(transferLine(waiting, 0), 'os-image@3  starting…')
    assert.match(transferLine(waiting, 2000), /waiting for a peer/)
    assert.match(transferLine({ ...FETCHING, state: 'queued' }, 0), /queued/)
  })

  it('of one that is here and lacks its key say so, and not that it is all done', () => {
    const problem = { code: 'SEALED_NO_KEY', message: 'it waits for build-1', path: null }
    const waiting = { ...FETCHING, state: 'waiting' as const, haveBytes: FETCHING.totalBytes, problem }
    assert.equal(transferLine(waiting), 'os-image@3  waiting for its key: it waits for build-1')
  })

  it('of a publication follow its phases', () => {
    const base = { filesDone: 1, filesTotal: null, bytesDone: 2000, bytesTotal: null }
    assert.equal(publishLine({ ...base, phase: 'scanning' }), 'scanning  1 file  2.00 kB')
    const known = { ...base, filesTotal: 4, bytesTotal: 4000 }
    assert.equal(
      publishLine({ ...known, phase: 'hashing' }),
      'hashing  [############............] 50%  2.00 kB of 4.00 kB  1 of 4 files'
    )
    assert.equal(publishLine({ ...known, phase: 'recording' }), 'recording  4 files  4.00 kB')
  })

  it('of a verification count what is bad', () => {
    assert.match(verifyLine({ bytesDone: 1, bytesTotal: 4, piecesBad: 0 }), /25% {2}1 B of 4 B$/)
    assert.match(verifyLine({ bytesDone: 1, bytesTotal: 4, piecesBad: 2 }), /2 bad pieces$/)
  })

  it('never read complete before everything is', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 50n), fc.bigInt(1n, 2n ** 50n), (part, more) => {
        assert.ok(percent(Number(part), Number(part + more)) < 100)
        assert.ok(renderBar(Number(part), Number(part + more)).includes('.'))
      })
    )
    assert.equal(percent(0, 0), 100)
    assert.equal(percent(7, 7), 100)
  })

  it('fit any terminal without wrapping', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 90 }), (line, columns) => {
        assert.ok(widthOf(fitLine(line, columns)) < columns || line === fitLine(line, columns))
      })
    )
    assert.equal(fitLine('abcdef', 7), 'abcdef')
    assert.equal(fitLine('abcdef', 6), 'abcd…')
  })
})

describe('ProgressMeter', () => {
  function setUp(isTty: boolean) {
    const written: string[] = []
    const terminal: Terminal = {
      write: data => written.push(String(data)),
      isTty,
      columns: isTty ? 80 : undefined
    }
    const clock = { nowMs: 0 }
    return { written, clock, meter: new ProgressMeter(terminal, () => clock.nowMs) }
  }

  it('redraws a terminal at most ten times a second, and clears up', () => {
    const { written, clock, meter } = setUp(true)
    for (clock.nowMs = 0; clock.nowMs < 1000; clock.nowMs++) meter.update(() => `${clock.nowMs}`)
    assert.equal(written.length, 10)
    assert.equal(written[1], '\r\u001b[2K100')
    meter.clear()
    meter.clear()
    assert.deepEqual(written.slice(10), ['\r\u001b[2K'])
  })

  it('redraws several lines in place, also when they become fewer', () => {
    const { written, clock, meter } = setUp(true)
    meter.update(() => ['one', 'two', 'three'])
    clock.nowMs = 200
    meter.update(() => ['two', 'three'])
    meter.clear()
    const up = '\u001b[1A\u001b[2K'
    assert.deepEqual(written, [
      '\r\u001b[2Kone\ntwo\nthree',
      `\r\u001b[2K${up}${up}two\nthree`,
      `\r\u001b[2K${up}`
    ])
  })

  it('writes a log now and then, in whole lines and without escapes', () => {
    const { written, clock, meter } = setUp(false)
    for (clock.nowMs = 0; clock.nowMs < 15_000; clock.nowMs += 100) meter.update(() => `${clock.nowMs}`)
    meter.clear()
    assert.deepEqual(written, ['0\n', '5000\n', '10000\n'])
  })
})
