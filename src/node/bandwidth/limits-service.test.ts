import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { GIB } from '../../base/units.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { SILENT_LOG } from '../log.ts'
import { Bandwidth } from './bandwidth.ts'
import { LocalLimitsService } from './limits-service.ts'
import type { BudgetTerms, LimitRequest } from './limits-terms.ts'

function service(): LocalLimitsService {
  return serviceOf(new MemoryRecords())
}

function serviceOf(records: MemoryRecords): LocalLimitsService {
  const bandwidth = new Bandwidth({ records, log: SILENT_LOG })
  return new LocalLimitsService({ bandwidth, nameOf: () => null })
}

const CAP: LimitRequest = {
  ...{ id: null, direction: 'up', link: 'all', dataClass: 'all', hours: null },
  bytesPerSecond: 1_000_000
}

test('a budget that is raised keeps its zone, and a new one has that of the machine', async () => {
  const limits = service()
  const zones = async (up: BudgetTerms): Promise<string | undefined> =>
    (await limits.setBudget({ up })).budgets[0]?.zone
  assert.equal(await zones({ bytes: GIB, zone: null }), new Intl.DateTimeFormat().resolvedOptions().timeZone)
  assert.equal(await zones({ bytes: GIB, zone: 'Asia/Tokyo' }), 'Asia/Tokyo')
  assert.equal(await zones({ bytes: 2 * GIB, zone: null }), 'Asia/Tokyo')
  assert.equal(await zones({ bytes: 2 * GIB, zone: 'America/Lima' }), 'America/Lima')
})

test('a machine whose settings name no zone has hours and days in UTC', async () => {
  const before = process.env.TZ
  try {
    for (const zone of ['', 'Mars/Olympus']) {
      process.env.TZ = zone
      const limits = service()
      assert.equal((await limits.setBudget({ up: { bytes: GIB, zone: null } })).budgets[0]?.zone, 'UTC')
      const { rules } = await limits.setLimits([{ ...CAP, hours: '08:00-18:00' }])
      assert.equal(rules[0]?.hours, 'daily 08:00-18:00 UTC')
    }
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
})

test('several limits are set all or none, and what can not be one is refused whoever asks', async () => {
  const limits = service()
  const refused = (faulty: Partial<LimitRequest>) =>
    assert.rejects(
      limits.setLimits([CAP, { ...CAP, direction: 'down', ...faulty }]),
      (error: unknown) => error instanceof AppError && error.code === 'USAGE'
    )
  for (const bytesPerSecond of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 1e13])
    await refused({ bytesPerSecond })
  for (const hours of ['', 'mon', '08:00-18:00 Mars']) await refused({ hours })
  for (const id of ['', 'A', 'x'.repeat(33), '__proto__']) await refused({ id })
  for (const bytes of [Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])
    await assert.rejects(limits.setBudget({ up: { bytes, zone: 'UTC' } }), AppError)
  const { rules, budgets } = await limits.limits()
  assert.deepEqual([rules, budgets], [[], []])
})

test('limits that can not be read are none, and said to be so until others are set', async () => {
  const records = new MemoryRecords()
  records.putBlob('settings/bandwidth', utf8('{"v":2}'))
  const limits = serviceOf(records)
  const { rules, unreadable } = await limits.limits()
  assert.deepEqual([rules, unreadable], [[], true])
  assert.equal((await limits.setLimits([CAP])).unreadable, false)
  assert.equal((await serviceOf(records).limits()).unreadable, false)
})

test('there are only so many limits', async () => {
  const limits = service()
  const requests = Array.from({ length: 65 }, (_, at) => ({ ...CAP, id: `limit-${at}` }))
  await assert.rejects(limits.setLimits(requests), /there would be 65 limits, at most 64 can be/)
  assert.equal((await limits.setLimits(requests.slice(1))).rules.length, 64)
  await assert.rejects(limits.setLimits([{ ...CAP, link: 'lan' }]), AppError)
  assert.equal((await limits.setLimits([{ ...CAP, id: 'limit-7', link: 'lan' }])).rules.length, 64)
})
