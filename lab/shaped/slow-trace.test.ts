import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SlowVerdict } from './slow.ts'
import { answersCsv } from './slow-trace.ts'

const SIGNALS = {
  ...{
    loopDelayMs: 12,
    cpuShare: 0.5,
    cpuWaitShare: null,
    commitMs: 900,
    readMsPerMib: 2600,
    retransmitShare: null
  },
  ...{ sentPeakBytesPerSecond: 70, receivedPeakBytesPerSecond: 80, isLimited: false }
}

function verdict(host: string, truth: SlowVerdict['truth'], said: SlowVerdict['said']): SlowVerdict {
  return {
    ...{ host, site: 'a', truth, said, last: null },
    ...{ named: 0, right: 0, namedSeconds: null, rightSeconds: null }
  }
}

test('each answer of each host is a line, the earliest first, and what is not known is empty', () => {
  const said = (seconds: number, reason: string | null) => ({
    ...{ seconds, reason, givesBytesPerSecond: null, signals: SIGNALS }
  })
  const lines = answersCsv([
    verdict('h1', null, [said(5.04, null), said(10, null)]),
    verdict('h2', 'disk', [said(5.04, 'disk')])
  ]).split('\n')
  assert.deepEqual(lines, [
    'seconds,host,truth,called slow for,givesBytesPerSecond,loopDelayMs,cpuShare,cpuWaitShare,commitMs,readMsPerMib,' +
      'retransmitShare,sentPeakBytesPerSecond,receivedPeakBytesPerSecond,isLimited',
    '5.0,h1,well,,,12,0.5,,900,2600,,70,80,false',
    '5.0,h2,disk,disk,,12,0.5,,900,2600,,70,80,false',
    '10.0,h1,well,,,12,0.5,,900,2600,,70,80,false',
    ''
  ])
})
