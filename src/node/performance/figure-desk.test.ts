import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { MemoryNetwork } from '../transport/memory-transport.ts'
import { FigureDesk, QUESTIONS_PER_MINUTE_MAX } from './figure-desk.ts'
import { SAMPLE } from './figures-messages.fuzz.ts'
import {
  ANSWER_BYTES_MAX,
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  type Figures,
  LEVELS_MAX,
  RATES_MAX,
  RECEIPTS_MAX,
  SITES_MAX
} from './figures-messages.ts'

describe('messages of /peerage/figures/1', () => {
  it('are these bytes', () => {
    assert.equal(toHex(encodeQuestion({ fromMs: 1_800_000_000_000, toMs: null })), '83011b000001a3185c5000f6')
    assert.equal(
      toHex(encodeAnswer({ ...SAMPLE, rates: new Map(), receipts: null, levels: new Map() })),
      '88011b000001a3185c5000871b000001a3185b65a01b000001a318256180' +
        '1b00000100000000000700' +
        '1a00bc614e0181836b4265726c696e2053c3bc640701890c1a0003d0901a0007a120f6111903e81a000f4240f6f480f680'
    )
    assert.deepEqual(decodeAnswer(encodeAnswer(SAMPLE)), { ok: true, value: SAMPLE })
  })

  it('a span that ends before it begins, and what is said twice, are refused', () => {
    assert.equal(decodeQuestion(encodeQuestion({ fromMs: 2, toMs: 1 })).ok, false)
    const twice = { ...SAMPLE, rates: [...SAMPLE.rates, ...SAMPLE.rates] } as unknown as Figures
    assert.equal(decodeAnswer(encodeAnswer(twice)).ok, false)
  })

  it('the largest answer fits its limit', () => {
    const ids = (count: number) =>
      Array.from({ length: count }, (_, at) => at.toString(16).padStart(64, '0') as DeviceId)
    const most = Number.MAX_SAFE_INTEGER
    const pairs = (count: number) => new Map(ids(count).map(id => [id, most]))
    const values = new Map(Array.from({ length: 414 }, (_, at) => [at - 69, 2 ** 32 - 1]))
    const count = { good: most, bad: most, worst: most, values, firstAtMs: most, lastAtMs: most }
    const few = { ...count, values: new Map() }
    const answer = encodeAnswer({
      ...SAMPLE,
      sites: Array.from({ length: SITES_MAX }, () => ({
        ...{ site: '猫'.repeat(64), receivedBytes: most, sentBytes: most }
      })),
      rates: pairs(RATES_MAX),
      receipts: { given: pairs(RECEIPTS_MAX), taken: pairs(RECEIPTS_MAX), isCut: true },
      levels: new Map(ids(LEVELS_MAX).map(id => [id as never, { window: count, day: few, hour: few }]))
    })
    assert.ok(answer.length <= ANSWER_BYTES_MAX, `${answer.length} of ${ANSWER_BYTES_MAX}`)
    assert.equal(decodeAnswer(answer).ok, true)
  })
})

it('a peer answers, with receipts for auditors alone, and not too often', async () => {
  const network = new MemoryNetwork()
  const [us, them] = [DeviceKey.generate(), DeviceKey.generate()].map(({ id }) => {
    const transport = network.create(id, [])
    transport.setGate(() => 'member')
    return transport
  })
  assert.ok(us !== undefined && them !== undefined)
  let isAuditor = true
  const [desk] = [us, them].map(
    transport =>
      new FigureDesk({
        ...{ transport, log: SILENT_LOG, mayAudit: () => isAuditor },
        figures: async (question, { withReceipts }) => ({
          ...SAMPLE,
          timeMs: question.fromMs,
          receipts: withReceipts ? SAMPLE.receipts : null
        })
      })
  )
  await Promise.all([us.start(), them.start()])
  try {
    await us.dial({ device: them.self, addresses: them.addresses() }, new AbortController().signal)
    const ask = () => desk?.ask(them.self, { fromMs: 77, toMs: null })
    assert.deepEqual(await ask(), { kind: 'answered', figures: { ...SAMPLE, timeMs: 77 } })
    isAuditor = false
    const plain = await ask()
    assert.ok(plain?.kind === 'answered' && plain.figures.receipts === null)
    for (let asked = 2; asked < QUESTIONS_PER_MINUTE_MAX; asked++) await ask()
    assert.equal((await ask())?.kind, 'silent')
  } finally {
    await Promise.all([us.stop(), them.stop()])
  }
})
