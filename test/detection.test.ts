/** Detection on running nodes: what somebody does that is not as usual is found, explained, and can be acknowledged. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { DeviceId } from '../src/base/ids.ts'
import { DeviceKey } from '../src/node/keys/device-key.ts'
import { LocalRiskService } from '../src/node/risk/risk-service.ts'

const org = new OrgInProcess()
const task = { signal: new AbortController().signal, onProgress: () => undefined }
const search = { state: 'open', rule: null, limit: 100 } as const
const NOTHING = { thresholds: {}, hours: {}, on: {} }
let server: Running
let reader: Running

const found = async () => {
  await server.node.detection.watch.look()
  return await server.service.detection.detections(search)
}

before(async () => {
  server = await org.found('server')
  reader = await org.join(server, 'reader')
  await org.settled()
  const thresholds = { 'mass-reads.datasets': 4, 'unknown-keys.keys': 2 }
  await server.service.detection.setRules({ ...NOTHING, thresholds }, 'owner')
  for (let n = 0; n < 4; n++) {
    const path = join(org.folder, `source-${n}`)
    mkdirSync(path)
    writeFileSync(join(path, 'data'), randomBytes(40_000))
    await server.service.publish({ path, name: `set-${n}`, dataClass: 'internal', origin: null }, task)
  }
  await org.settled()
})
after(async () => await org.stop())

const get = async (name: string) => {
  const { id } = await reader.service.startTransfer({
    ...{ name, version: null, destination: join(org.folder, `copy-${name}`), purpose: null },
    ...{ priority: 'normal', deadlineAtMs: null, only: [] }
  })
  await eventually(`${name} is there`, async () => (await reader.service.transfer(id)).state === 'complete')
}

describe('detection on a node', { concurrency: false }, () => {
  test('a device that reads very much is found once it does, with the entries that show it', async () => {
    for (const name of ['set-0', 'set-1', 'set-2']) await get(name)
    assert.deepEqual(await found(), [])
    await get('set-3')
    const [finding, ...others] = await found()
    assert.deepEqual(others, [])
    assert.ok(finding !== undefined)
    assert.deepEqual([finding.rule, finding.count, finding.threshold], ['mass-reads', 4, 4])
    assert.deepEqual(
      finding.devices.map(({ name }) => name),
      ['reader']
    )
    assert.deepEqual([...finding.datasets].sort(), ['set-0', 'set-1', 'set-2', 'set-3'])
    const { database } = server.node.audit.log.store
    for (const { device, incarnation, seq } of finding.evidence)
      assert.equal(database.items({ device: device.device, incarnation }, { from: seq, limit: 1 }).length, 1)
    assert.equal(finding.evidence.length, 4)
  })

  test('it raises the risk that it is about, and is counted', async () => {
    const risks = new LocalRiskService(server.node, server.service, { readEveryMs: 0 })
    const indicator = async () =>
      (await risks.risk('insider')).indicators.find(({ id }) => id === 'insider-detections')
    assert.deepEqual([(await indicator())?.value, (await indicator())?.grade], [1, 'fair'])
    assert.equal((await server.service.measures()).detection.raised['mass-reads'], 1)
    const [finding] = await found()
    const done = await server.service.detection.acknowledge(
      { id: finding?.id ?? 0, note: 'a drill' },
      'owner'
    )
    assert.deepEqual([done.state, done.acknowledged?.note], ['acknowledged', 'a drill'])
    assert.deepEqual(await found(), [])
    assert.equal((await indicator())?.value, 0)
    await risks.end()
  })

  test('unknown keys that knock are found, and one alone, or a member that was refused, is not', async () => {
    const { log } = server.node.audit
    const refuse = async (peer: DeviceId) => {
      const { size } = log
      log.refused({ action: 'denied', peer, reason: 'not-enrolled', version: null })
      await eventually('the refusal is recorded', () => log.size > size)
    }
    await refuse(DeviceKey.generate().id)
    await refuse(reader.node.identity.device)
    assert.deepEqual(await found(), [])
    await refuse(DeviceKey.generate().id)
    const [finding] = await found()
    assert.deepEqual([finding?.rule, finding?.count], ['unknown-keys', 2])
  })

  test('what can not be set is said, and what is set holds after a restart', async () => {
    const { detection } = server.service
    const set = (of: Partial<typeof NOTHING & Record<string, object>>) =>
      detection.setRules({ ...NOTHING, ...of }, 'token ci')
    await assert.rejects(set({ thresholds: { 'mass-reads.dataset': 3 } }), /did you mean mass-reads.datasets/)
    await assert.rejects(set({ thresholds: { 'mass-reads.datasets': 0 } }), /from 1 to/)
    await assert.rejects(set({ hours: { '*': 'always' } }), /can not be hours/)
    await assert.rejects(set({ on: { 'mass-read': false } }), /did you mean mass-reads/)
    await assert.rejects(detection.detection(4711), { code: 'DETECTION_UNKNOWN' })
    await set({ hours: { paris: 'mon-fri 8:00-18:00 Europe/Paris' }, on: { spread: false } })
    await set({ on: { spread: false, 'mass-reads': true }, hours: { rome: null } })
    const switched = { device: null, dataset: null, action: 'switched', sinceMs: null, limit: 10 } as const
    const { entries } = await server.service.audit(switched)
    assert.deepEqual(entries.map(({ event }) => [event.by, event.what, event.state]).reverse(), [
      ['owner', 'detection.thresholds', 'changed'],
      ['token ci', 'detection.spread', 'off'],
      ['token ci', 'detection.hours', 'changed']
    ])
    const { home } = server.node
    await server.node.stop()
    org.running.splice(org.running.indexOf(server), 1)
    server = await org.start(home)
    const { rules, hours } = await server.service.detection.rules()
    assert.deepEqual(hours, [{ site: 'paris', hours: 'mon-fri 08:00-18:00 Europe/Paris' }])
    assert.equal(rules.find(({ id }) => id === 'spread')?.on, false)
    const { problems } = await server.service.status()
    const off = problems.find(({ code }) => code === 'DETECTION_OFF')
    assert.match(off?.message ?? '', /the rule spread of detection is off/)
    const mass = rules.find(({ id }) => id === 'mass-reads')
    assert.equal(mass?.thresholds.find(({ id }) => id === 'mass-reads.datasets')?.value, 4)
    const all = await server.service.detection.detections({ ...search, state: 'all' })
    assert.equal(all.filter(({ rule }) => rule === 'mass-reads').length, 1)
  })
})
