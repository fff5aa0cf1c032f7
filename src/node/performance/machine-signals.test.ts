import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MachineSignals, segmentCounts } from './machine-signals.ts'

it('the counters of TCP are found by their names', () => {
  const snmp = [
    'Ip: Forwarding DefaultTTL',
    'Ip: 1 64',
    'Tcp: RtoAlgorithm ActiveOpens OutSegs RetransSegs InErrs',
    'Tcp: 1 4000 123456 789 0'
  ].join('\n')
  assert.deepEqual(segmentCounts(snmp), { sent: 123_456, again: 789 })
  for (const other of ['', 'Tcp: OutSegs RetransSegs', 'Tcp: OutSegs\nTcp: 5', snmp.replace('789', 'x')])
    assert.equal(segmentCounts(other), undefined, other)
})

it('a reading is of what came since the one before', () => {
  let stats = { commits: 10, commitMs: 5000 }
  const signals = new MachineSignals(() => stats)
  assert.equal(signals.read().commitMs, null)
  stats = { commits: 14, commitMs: 5100 }
  assert.equal(signals.read().commitMs, 25)
  assert.equal(signals.read().commitMs, null)
})
