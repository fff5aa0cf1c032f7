import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { DAY_MS } from '../../base/units.ts'
import { HistoryFile } from '../history/history-file.ts'
import { OBSERVATIONS_MAX, type Observed } from './observations.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-observed-'))
after(() => rmSync(folder, { recursive: true }))

const START_MS = 1_800_000_000_000
const seen = (of: Partial<Observed>): Observed => ({
  ...{ measure: 'distribute', dataset: 'os', atMs: START_MS, value: 5, count: 1, ...of }
})

it('the same at the same time is counted, measures are kept apart, and all of it is there after a restart', () => {
  const path = join(folder, 'few.db')
  let file = new HistoryFile(path)
  for (const each of [{}, {}, { value: 6 }, { dataset: null }, { measure: 'repair' as const }])
    file.observations.add(seen(each))
  file.close()
  file = new HistoryFile(path)
  assert.deepEqual(file.observations.since('distribute', START_MS), [
    seen({ dataset: null }),
    seen({ count: 2 }),
    seen({ value: 6 })
  ])
  assert.deepEqual(file.observations.since('distribute', START_MS + 1), [])
  assert.deepEqual(file.observations.since('repair', 0), [seen({ measure: 'repair' })])
  file.close()
})

it('only so many of a measure are kept, the newest, and none for longer than a window can be', () => {
  const file = new HistoryFile(join(folder, 'many.db'))
  const { observations } = file
  observations.add(seen({ measure: 'repair' }))
  const more = OBSERVATIONS_MAX + 600
  for (let at = 0; at < more; at++) observations.add(seen({ atMs: START_MS + at }))
  const kept = observations.since('distribute', 0)
  assert.ok(kept.length <= OBSERVATIONS_MAX + 256, `${kept.length}`)
  assert.equal(kept.at(-1)?.atMs, START_MS + more - 1)
  assert.equal(observations.since('repair', 0).length, 1)
  for (let at = 0; at < 256; at++)
    observations.add(seen({ measure: 'repair', atMs: START_MS + 400 * DAY_MS + at }))
  assert.equal(observations.since('repair', 0)[0]?.atMs, START_MS + 400 * DAY_MS)
  file.close()
})
