/** What a driver says of its HTTP origin, against a real web server on loopback. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { KIB, SECOND_MS } from '../../base/units.ts'
import { BlockBuffers } from '../../store/block-buffers.ts'
import { MemoryStore } from '../../store/memory.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { sampleBytes, sampleVersion } from '../../store/samples.conformance.ts'
import { NO_POLICY, withRule } from '../../swarm/bandwidth/policy.ts'
import { Bandwidth } from '../bandwidth/bandwidth.ts'
import { type Clock, MACHINE_CLOCK } from '../clock.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { OriginDesk } from '../origin/origin-desk.ts'
import { OriginServer } from '../origin/origin-server.conformance.ts'
import { scripted } from './scripted.conformance.ts'
import { SwarmDriver } from './swarm-driver.ts'
import type { SwarmDriverListener } from './swarm-driver-types.ts'

const PIECE_BYTES = 16 * KIB
const PIECES = 6
const bytes = sampleBytes(PIECES * PIECE_BYTES, 1)
const sample = sampleVersion([{ path: ['a.bin'], bytes }], { pieceBytes: PIECE_BYTES })

/** Ten times as quick as the machine's. */
const QUICK: Clock = {
  ...MACHINE_CLOCK,
  nowMs: () => 10 * performance.now(),
  after: (ms, run, options) => MACHINE_CLOCK.after(ms / 10, run, options)
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(10)
}

test('what came is said at once and then now and then, and of the right host when the ledger names another', async t => {
  const servers = [new OriginServer(), new OriginServer()] as const
  const [one, two] = await Promise.all(servers.map(async server => `${await server.listen()}/`))
  t.after(() => {
    for (const server of servers) server.close()
  })
  let given = 0
  for (const server of servers) server.files.set('/a.bin', { bytes })
  servers[0].answers.set('/a.bin', (request, response) => {
    // The rest is never answered.
    if (given++ < 3) servers[0].give(request, response)
  })
  let url: string | undefined = one
  const origins = new OriginDesk({ urlOf: () => url, rules: { anyAddress: true }, log: SILENT_LOG })
  const store = new MemoryStore()
  const holding = await store.create({ version: sample.version, destination: '/d', layers: sample.layers })
  const said: { host: string; bytes: number }[] = []
  let isComplete = false
  const driver = new SwarmDriver({
    ...{ versionId: sample.version.id, holding, wantsData: true, self: DeviceKey.generate().id, seed: 1 },
    ...{ site: 'berlin', buffers: new BlockBuffers(), log: SILENT_LOG, clock: QUICK, origins },
    listener: scripted<SwarmDriverListener>({
      onOrigin: (host, count) => void said.push({ host, bytes: count }),
      onComplete: () => {
        isComplete = true
      }
    })
  })
  t.after(() => driver.close('the test ends'))
  const hostOf = (of = '') => new URL(of).host
  await until(() => holding.have.size === 3)
  await delay(20)
  assert.deepEqual(said, [{ host: hostOf(one), bytes: PIECE_BYTES }], 'the rest a minute later')
  url = two
  origins.refresh()
  assert.deepEqual(said.at(1), { host: hostOf(one), bytes: 2 * PIECE_BYTES })
  await until(() => isComplete)
  const last = said.slice(2)
  assert.deepEqual([...new Set(last.map(({ host }) => host))], [hostOf(two)])
  assert.equal(
    last.reduce((sum, each) => sum + each.bytes, 0),
    (PIECES - 3) * PIECE_BYTES
  )
})

test('a cap holds for what comes from an origin', async t => {
  const server = new OriginServer()
  const url = `${await server.listen()}/`
  t.after(() => server.close())
  server.files.set('/a.bin', { bytes })
  const bandwidth = new Bandwidth({ records: new MemoryRecords(), log: SILENT_LOG, clock: QUICK })
  t.after(() => bandwidth.close())
  const cap = { kind: 'cap', bytesPerSecond: PIECE_BYTES / 4 } as const
  const rule = { direction: 'down', link: 'wan', dataClass: 'all', hours: null, limit: cap } as const
  bandwidth.change(withRule(NO_POLICY, rule))
  const origins = new OriginDesk({ urlOf: () => url, rules: { anyAddress: true }, log: SILENT_LOG })
  const holding = await new MemoryStore().create({
    ...{ version: sample.version, destination: '/d', layers: sample.layers }
  })
  let isComplete = false
  const driver = new SwarmDriver({
    ...{ versionId: sample.version.id, holding, wantsData: true, self: DeviceKey.generate().id, seed: 1 },
    ...{ site: 'berlin', buffers: new BlockBuffers(), log: SILENT_LOG, clock: QUICK, origins },
    limits: { bandwidth, classNow: () => undefined },
    listener: scripted<SwarmDriverListener>({
      onOrigin: () => undefined,
      onComplete: () => {
        isComplete = true
      }
    })
  })
  t.after(() => driver.close('the test ends'))
  await until(() => server.asked.length > 0)
  const fromMs = QUICK.nowMs()
  await until(() => isComplete)
  // Of the pieces after the first each is paid for by four seconds; a burst or so may come free.
  assert.ok(QUICK.nowMs() - fromMs >= (PIECES - 3) * 4 * SECOND_MS)
  assert.equal([...bandwidth.flows].length, 0, 'the flow is closed')
})
