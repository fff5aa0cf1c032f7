import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { RESOLUTIONS } from '../../history/rollup.ts'
import { MACHINE_CLOCK } from '../clock.ts'
import { SILENT_LOG } from '../log.ts'
import type { Tally } from '../swarm/tally.ts'
import { HistoryFile } from './history-file.ts'
import { HistorySampler, type Reading, type Totals } from './history-sampler.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-sampler-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const tally = (receivedBytes: number, sentBytes: number): Tally => ({
  ...{ receivedBytes, sentBytes, wastedBytes: 0 }
})
const idle: Omit<Reading, 'totals'> = {
  ...{ peers: 0, transfers: 0, eventLoopDelayMs: 0 },
  machine: { commitMs: 12, readMsPerMib: 8, cpuShare: 0.5, cpuWaitShare: 0.25, retransmitShare: null }
}

function sampling(name: string) {
  const file = new HistoryFile(join(folder, name))
  let totals: Totals
  const sampler = new HistorySampler({
    ...{ file, clock: MACHINE_CLOCK, ownSite: 'paris', log: SILENT_LOG },
    read: () => ({ ...idle, totals })
  })
  return {
    file,
    sample: (sites: Record<string, Tally>, { originBytes = 0, localBytes = 0 } = {}) => {
      totals = { sites: new Map(Object.entries(sites)), origin: { verifiedBytes: originBytes }, localBytes }
      sampler.sample()
    },
    sum: (series: string) =>
      file
        .points(series, RESOLUTIONS[0], { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })
        .reduce((total, point) => total + point.sum, 0)
  }
}

it('counters become flows by where the peer is, each byte in one of them', () => {
  const { sample, sum, file } = sampling('flows.db')
  sample({ paris: tally(100, 10), lyon: tally(5, 50), '': tally(1, 0) }, { originBytes: 1000, localBytes: 7 })
  sample({ paris: tally(150, 10), lyon: tally(5, 70), '': tally(1, 0) }, { originBytes: 1500, localBytes: 9 })
  const flows = ['received/same-site', 'received/other-sites', 'received/origins', 'reused']
  assert.deepEqual(flows.map(sum), [150, 6, 1500, 9])
  assert.deepEqual([sum('sent/same-site'), sum('sent/other-sites')], [10, 70])
  assert.deepEqual([sum('received/site/lyon'), sum('sent/site/lyon')], [5, 70])
  assert.deepEqual([sum('commit-time'), sum('cpu'), sum('cpu-wait')], [24, 1, 0.5])
  assert.ok(!file.names().includes('retransmits'), 'what is not known is not recorded')
  file.close()
})

it('only so many sites have series of their own; their bytes are in the sum of all the same', () => {
  const { sample, sum, file } = sampling('sites.db')
  const sites = Array.from({ length: 30 }, (_, index) => [`site${index}`, tally(1, 1)])
  sample(Object.fromEntries(sites))
  sample(Object.fromEntries(sites))
  assert.equal(sum('received/other-sites'), 30)
  assert.equal(file.names().filter(name => name.startsWith('received/site/')).length, 8)
  file.close()
})

it('what could not be recorded is in the next sample that can be', () => {
  const { sample, sum, file } = sampling('failing.db')
  const record = file.record.bind(file)
  file.record = () => {
    throw new Error('disk full')
  }
  sample({ paris: tally(100, 0) })
  file.record = record
  sample({ paris: tally(120, 0) })
  assert.equal(sum('received/same-site'), 120)
  file.close()
})
