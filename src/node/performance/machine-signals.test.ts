import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MIB } from '../../base/units.ts'
import { MachineSignals, segmentCounts, waitedMs } from './machine-signals.ts'

it('the counters of TCP are found by their names', () => {
  const snmp = [
    'Ip: Forwarding DefaultTTL',
    'Ip: 1 64',
    'Tcp: RtoAlgorithm ActiveOpens OutSegs RetransSegs InErrs',
    'Tcp: 1 4000 123456 789 0'
  ].join('\n')
  const netstat = [
    'TcpExt: SyncookiesSent TCPOrigDataSent',
    'TcpExt: 0 99000',
    'IpExt: InNoRoutes',
    'IpExt: 0'
  ]
  assert.deepEqual(segmentCounts(snmp, netstat.join('\n')), { first: 99_000, again: 789 })
  for (const other of ['', 'Tcp: OutSegs RetransSegs', 'Tcp: OutSegs\nTcp: 5', snmp.replace('789', 'x')])
    assert.equal(segmentCounts(other, netstat.join('\n')), undefined, other)
  assert.equal(segmentCounts(snmp, netstat.join('\n').replace('99000', '-')), undefined)
})

it('how long a thread waited is the second of three numbers, in nanoseconds', () => {
  assert.equal(waitedMs('218686 2679631 2\n'), 2.679631)
  for (const other of ['', '218686 2679631', '1 x 2\n']) assert.equal(waitedMs(other), undefined, other)
})

it('a reading is of what came since the one before', () => {
  const timedReads = { bytes: 0, ms: 0 }
  let stats = { commits: 10, commitMs: 5000, timedReads }
  const signals = new MachineSignals(() => stats)
  assert.equal(signals.read().commitMs, null)
  stats = { commits: 14, commitMs: 5100, timedReads }
  assert.equal(signals.read().commitMs, 25)
  assert.equal(signals.read().commitMs, null)
})

it('how long a MiB takes to read is told once enough was read, of all since it was told last', () => {
  let timedReads = { bytes: 7 * MIB, ms: 900 }
  const signals = new MachineSignals(() => ({ commits: 0, commitMs: 0, timedReads }))
  const read = (bytes: number, ms: number): number | null => {
    timedReads = { bytes: timedReads.bytes + bytes, ms: timedReads.ms + ms }
    return signals.read().readMsPerMib
  }
  assert.equal(read(0, 0), null)
  assert.equal(read(MIB / 2, 1000), null)
  assert.equal(read(3.5 * MIB, 1000), 500)
  assert.equal(read(MIB, 30), 30)
})
