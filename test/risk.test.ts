/** The risk register of a running org: what goes wrong raises the risk that it is about, and mending it lowers it. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'
import { DAY_MS, GIB, HOUR_MS, MINUTE_MS, SECOND_MS } from '../src/base/units.ts'
import { LocalRiskService } from '../src/node/risk/risk-service.ts'
import type { RiskRecord } from '../src/node/risk/risk-terms.ts'
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from '../src/node/storage/node-storage.ts'
import { RISKS } from '../src/risk/register.ts'

const all = (ms: number) => ({ server: ms, desktop: ms, laptop: ms })
const QUICK: StorageSettings = {
  ...DEFAULT_STORAGE_SETTINGS,
  ...{ grace: all(2 * SECOND_MS), patience: all(HOUR_MS), skewMs: 100 },
  ...{ promiseMs: 6 * SECOND_MS, renewMs: 3 * SECOND_MS, lookMs: 200, retryMs: 500 },
  ...{ checkMs: MINUTE_MS, presenceMs: 0 }
}
const SCAN = { type: 'content.scan', engine: 'clamd', database: 'daily 1' } as const
const REASON = 'the second site opens in March'

const org = new OrgInProcess()
const task = { signal: new AbortController().signal, onProgress: () => undefined }
let admin: Running
let london: Running
let risks: LocalRiskService
let version: VersionId

const scoreOf = async (id: string): Promise<number> => (await risks.risk(id)).residual.score
const measured = ({ indicators }: RiskRecord, id: string): number | null =>
  indicators.find(each => each.id === id)?.value ?? null
const risesTo = (id: string, score: number): Promise<void> =>
  eventually(`${id} is at ${score}`, async () => (await scoreOf(id)) === score)

before(async () => {
  admin = await org.found('berlin', { storage: QUICK })
  const paris = await org.join(admin, 'paris-nas', { site: 'paris', storage: QUICK })
  london = await org.join(admin, 'london-nas', { site: 'london', storage: QUICK })
  await org.settled()
  risks = new LocalRiskService(admin.node, admin.service, { readEveryMs: 0 })
  const source = join(org.folder, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'data'), randomBytes(200_000))
  const request = { path: source, name: 'payroll', dataClass: 'internal', origin: null } as const
  version = (await admin.service.publish(request, task)).version
  await admin.service.storage.setStoragePolicy({ name: 'payroll', policy: 'copies=2,sites=2' })
  for (const { service } of [paris, london])
    await service.storage.setCapacity({ capacityBytes: 10 * GIB, keepFreeShare: 0 })
})

after(async () => {
  await risks.end()
  await org.stop()
})

describe('the risk register', { concurrency: false }, () => {
  test('has every risk, the worst first, and says of what it can not measure why', async () => {
    const { risks: listed, atMs } = await risks.risks()
    assert.deepEqual(listed.map(({ id }) => id).sort(), RISKS.map(({ id }) => id).sort())
    const scores = listed.map(({ residual }) => residual.score)
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => b - a)
    )
    for (const { indicators } of listed)
      for (const { id, value, unknown } of indicators) assert.equal(value === null, unknown !== null, id)
    assert.ok(atMs > 0)
    const lag = listed.find(({ id }) => id === 'revocation-lag')
    assert.match(String(lag?.indicators.find(({ id }) => id === 'beacon-life')?.unknown), /without beacons/)
  })

  test('on a device that is no auditor it asks nobody for a log, since each would write down that it refused', async () => {
    const own = new LocalRiskService(london.node, london.service, { readEveryMs: 0 })
    try {
      assert.equal((await own.risks()).risks.length, RISKS.length)
      const { entries } = await admin.service.audit({
        ...{ device: null, dataset: null, action: 'denied', sinceMs: null, limit: 100 }
      })
      assert.deepEqual(entries, [])
    } finally {
      await own.end()
    }
  })

  test('a version without its copies is at risk, and is not once two sites keep it', async () => {
    await risesTo('data-loss', 5)
    await risesTo('site-loss', 6)
    const risk = await risks.risk('data-loss')
    assert.deepEqual([measured(risk, 'unsafe-versions'), measured(risk, 'lost-by-one-device')], [0, 0])
    assert.equal(risk.trend.length, 1, 'one point for the day')
    assert.equal(risk.trend[0]?.score, 20, 'the worst of the day stays')
  })

  test('it is accepted up to its score, and that is exceeded when a site is lost', async () => {
    const accept = { id: 'data-loss', reason: REASON, expiresInMs: DAY_MS, score: null }
    assert.ok((await risks.acceptRisk(accept)).inForce)
    assert.equal((await risks.risk('data-loss')).acceptances[0]?.state, 'in-force')
    assert.equal((await risks.risk('data-loss')).treatment, 'accept')
    await london.node.stop()
    org.running.splice(org.running.indexOf(london), 1)
    await risesTo('data-loss', 20)
    await risesTo('site-loss', 15)
    assert.equal((await risks.risk('data-loss')).acceptances[0]?.state, 'exceeded')
    await assert.rejects(risks.acceptRisk({ ...accept, score: 5 }), { code: 'USAGE' })
  })

  test('and lowered again when the site is back', async () => {
    await org.start(london.node.home, { storage: QUICK })
    await risesTo('data-loss', 5)
    await risesTo('site-loss', 6)
    assert.ok((await risks.withdrawAcceptance('data-loss')).inForce)
    assert.deepEqual((await risks.risk('data-loss')).acceptances, [])
    await assert.rejects(risks.withdrawAcceptance('data-loss'), { code: 'OPERATION_UNKNOWN' })
  })

  test('malware that is found raises its risk until what carries it is recalled', async () => {
    assert.equal(await scoreOf('malware-spread'), 12, 'nobody has told of a scan')
    admin.node.keeper.author({ ...SCAN, version, verdict: 'clean', found: null }, { expiresMs: null })
    assert.equal(await scoreOf('malware-spread'), 6)
    admin.node.keeper.author({ ...SCAN, version, verdict: 'infected', found: 'Eicar' }, { expiresMs: null })
    assert.equal(await scoreOf('malware-spread'), 10)
    assert.equal(measured(await risks.risk('malware-spread'), 'infected-kept'), 1)
    await admin.service.governance.recall({ name: 'payroll', version: null, reason: 'Eicar' })
    assert.equal(await scoreOf('malware-spread'), 6)
  })

  test('owner and treatment are noted, and what is no risk is refused', async () => {
    await risks.noteRisk({ id: 'insider', owner: 'Head of IT' })
    const risk = await risks.noteRisk({ id: 'insider', treatment: 'transfer' })
    assert.deepEqual([risk.owner, risk.treatment], ['Head of IT', 'transfer'])
    assert.equal((await risks.noteRisk({ id: 'insider', owner: null })).owner, null)
    await assert.rejects(risks.noteRisk({ id: 'insider', owner: 'two\nlines' }), { code: 'USAGE' })
    await assert.rejects(risks.risk('weather'), { code: 'RISK_UNKNOWN' })
    const long = { id: 'insider', reason: REASON, expiresInMs: 400 * DAY_MS, score: null }
    await assert.rejects(risks.acceptRisk(long), { code: 'USAGE' })
  })

  test('only who may sign for the org accepts a risk', async () => {
    const [, member] = org.running
    assert.ok(member)
    const own = new LocalRiskService(member.node, member.service, { readEveryMs: 0 })
    const accept = { id: 'insider', reason: REASON, expiresInMs: DAY_MS, score: null }
    await assert.rejects(own.acceptRisk(accept), { code: 'NOT_AUTHORISED' })
    await own.end()
  })
})
