import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parseCpuSeconds,
  parseInterfaces,
  parsePeakRssBytes,
  parseProcessorTime,
  parseRetransmits,
  parseShapers
} from './counters.ts'

test('interfaces of /proc/net/dev', () => {
  const text = `Inter-|   Receive                              |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:       0    0    0    0    0     0          0         0        0    0    0    0    0     0       0          0
  eth0: 4215938 9002    0    0    0     0          0         0 12345678 8000    0    1    0     0       0          0
p10:9007199254 1    0    0    0     0          0         0 5    1    0    0    0     0       0          0
`
  assert.deepEqual(
    [...parseInterfaces(text)],
    [
      ['lo', { receivedBytes: 0, sentBytes: 0 }],
      ['eth0', { receivedBytes: 4_215_938, sentBytes: 12_345_678 }],
      ['p10', { receivedBytes: 9_007_199_254, sentBytes: 5 }]
    ]
  )
})

test('shapers of tc, and nothing that is no shaper', () => {
  const json = `[{"kind":"noqueue","handle":"0:","dev":"lo","root":true,"options":{},"bytes":7,"drops":0},
    {"kind":"tbf","handle":"8002:","dev":"eth0","root":true,"options":{"rate":12500000},"bytes":104857,"packets":70,
     "drops":3,"overlimits":9,"requeues":0,"backlog":0,"qlen":0}]`
  assert.deepEqual([...parseShapers(json)], [['eth0', { bytes: 104_857, drops: 3 }]])
  assert.throws(() => parseShapers('[{"kind":"tbf","dev":"eth0"}]'), /no counts for eth0/)
})

test('segments that TCP sent again', () => {
  const text = `Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm MaxConn InSegs OutSegs RetransSegs InErrs
Tcp: 1 -1 9002 8000 37 0
Udp: InDatagrams
Udp: 4
`
  assert.equal(parseRetransmits(text), 37)
  assert.throws(() => parseRetransmits('Tcp: InSegs\nTcp: 5\n'), /does not count/)
})

test('processor time of the machine', () => {
  const text = 'cpu  1000 100 300 5000 50 10 40 500 77 0\ncpu0 1 1 1 1 1 1 1 1 1 0\nintr 1\n'
  assert.deepEqual(parseProcessorTime(text), { busySeconds: 14.5, stolenSeconds: 5, totalSeconds: 70 })
  assert.throws(() => parseProcessorTime('intr 1\n'), /all processors/)
})

test('processor time and memory of a process with any name', () => {
  const stat = '42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 250 75 0 0 20 0 11 0 99 1 2'
  assert.equal(parseCpuSeconds(stat), 3.25)
  assert.equal(parsePeakRssBytes('Name:\tnode\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n'), 2_097_152)
  assert.equal(parsePeakRssBytes('Name:\tkthreadd\n'), 0)
})
