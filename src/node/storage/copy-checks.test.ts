import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { Holding } from '../../store/store.ts'
import { SILENT_LOG } from '../log.ts'
import { CopyChecks } from './copy-checks.ts'

const idOf = (index: number) => index.toString(16).padStart(64, '0')
const self = idOf(1) as DeviceId
const others = [2, 3].map(index => idOf(index) as DeviceId)
const VERSIONS = 1200

function started() {
  const versions = Array.from({ length: VERSIONS }, (_, index) => idOf(1000 + index) as VersionId)
  let held = versions
  const asked: string[] = []
  const entry = { timeMs: 1, untilMs: null }
  const state = {
    keptBy: new Map(versions.map(version => [version, new Set([self, ...others])])),
    copies: new Map([self, ...others].map(device => [device, new Map(versions.map(each => [each, entry]))])),
    renewals: new Map()
  } as unknown as State
  const checks = new CopyChecks({
    ...{ self, everyMs: 1_000_000, log: SILENT_LOG, present: () => new Set(others) },
    keeper: { state: () => state, append: () => assert.fail('nobody is disputed'), isWhole: true } as never,
    store: { holdings: () => held.map(id => ({ version: { id }, state: 'complete' }) as Holding) },
    possession: {
      challenge: async (device, version) => {
        asked.push(`${version} ${device}`)
        return { kind: 'proved' }
      }
    }
  })
  const hold = (some: VersionId[]): void => {
    held = some
  }
  return { checks, asked, versions, hold }
}

test('what is held here no more is forgotten, and what was asked about is not asked about again at once', async () => {
  const { checks, asked, versions, hold } = started()
  for (let round = 0; round < 6; round++) await checks.checkNext()
  assert.equal(new Set(asked).size, 6)
  assert.equal(checks.askedCount, 6)
  hold(versions.slice(0, 1))
  await checks.checkNext()
  assert.ok(checks.askedCount <= others.length)
})

test('many versions are looked at in turns, one round at a time', async () => {
  const { checks, asked } = started()
  const round = checks.checkNext()
  await checks.checkNext()
  assert.deepEqual(asked, [], 'the first round goes on, and the second does nothing')
  await round
  assert.equal(asked.length, 1)
})

test('a round that is under way when it is closed asks nobody', async () => {
  const { checks, asked } = started()
  const round = checks.checkNext()
  checks.close()
  await round
  assert.deepEqual(asked, [])
})
