import assert from 'node:assert/strict'
import { test } from 'node:test'
import { giversText, signalsText, slowText } from './participation-words.ts'

const giver = (device: string, sentBytes: number) => ({ device, name: device, sentBytes }) as never
const NOTHING = {
  ...{
    loopDelayMs: null,
    cpuShare: null,
    cpuWaitShare: null,
    commitMs: null,
    readMsPerMib: null,
    retransmitShare: null
  },
  ...{ sentPeakBytesPerSecond: null, receivedPeakBytesPerSecond: null, isLimited: false }
}

test('it is told whether the fleet rests on a few', () => {
  assert.equal(giversText([]), 'nothing was sent')
  assert.equal(giversText([giver('a', 0)]), 'nothing was sent')
  assert.equal(
    giversText([giver('b', 20), giver('a', 60), giver('c', 40)]),
    'a alone gave half of it or more'
  )
  assert.equal(
    giversText([giver('a', 25), giver('b', 25), giver('c', 25), giver('d', 25)]),
    'half of it came from 2 devices'
  )
})

test('a slow device is said to give as fast as others say, if they do', () => {
  const device = { device: 'a'.repeat(64) as never, name: 'h2', givesBytesPerSecond: 2000, observers: 1 }
  assert.equal(slowText(device), 'h2 is slow: it gives at 2.00 kB/s, as 1 device says')
  assert.equal(slowText({ ...device, observers: 3 }), 'h2 is slow: it gives at 2.00 kB/s, as 3 devices say')
  assert.equal(slowText({ ...device, givesBytesPerSecond: null, observers: 0 }), 'h2 is slow')
})

test('of what a device measures only that is told which it does', () => {
  assert.equal(signalsText(NOTHING), 'It has measured nothing of itself in the last hour.')
  assert.equal(
    signalsText({ ...NOTHING, cpuShare: 0.914, cpuWaitShare: 0.2, commitMs: 250, isLimited: true }),
    'It measured: 91 % of a core; 20 % waiting for one; writes durable in 250 ms; held up by its limits.'
  )
})
