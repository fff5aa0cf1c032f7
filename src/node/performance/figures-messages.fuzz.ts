/** Fuzz target of the messages of /peerage/figures/1: what decodes is written again to the same bytes. */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import { NO_COUNT } from '../../slo/service-level.ts'
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  type Figures
} from './figures-messages.ts'

const TIME_MS = 1_800_000_000_000

export const SAMPLE: Figures = {
  timeMs: TIME_MS,
  totals: {
    ...{ firstAtMs: TIME_MS - 60_000, fromMs: TIME_MS - 3_600_000, siteBytes: 2 ** 40, wanBytes: 7 },
    ...{ originBytes: 0, sentSiteBytes: 12_345_678, sentWanBytes: 1 }
  },
  sites: [{ site: 'Berlin Süd', receivedBytes: 7, sentBytes: 1 }],
  signals: {
    ...{
      loopDelayMs: 12,
      cpuShare: 0.25,
      cpuWaitShare: 0.5,
      commitMs: null,
      readMsPerMib: 17,
      retransmitShare: 0.001,
      isLimited: false
    },
    ...{ sentPeakBytesPerSecond: 1_000_000, receivedPeakBytesPerSecond: null }
  },
  rates: new Map([['d'.repeat(64) as DeviceId, 30_000_000]]),
  receipts: {
    given: new Map([['d'.repeat(64) as DeviceId, 4096]]),
    taken: new Map([['e'.repeat(64) as DeviceId, 5000]]),
    isCut: false
  },
  levels: new Map([
    [
      'a'.repeat(64) as OperationId,
      {
        window: {
          ...{ good: 99, bad: 1, worst: 70_000, firstAtMs: 1, lastAtMs: TIME_MS },
          values: new Map([
            [40, 99],
            [110, 1]
          ])
        },
        ...{ day: NO_COUNT, hour: NO_COUNT }
      }
    ]
  ])
}

export const seeds: Uint8Array[] = [
  encodeQuestion({ fromMs: 1_800_000_000_000, toMs: null }),
  encodeQuestion({ fromMs: 0, toMs: 5 }),
  encodeAnswer(SAMPLE),
  encodeAnswer({ ...SAMPLE, receipts: null, levels: new Map(), rates: new Map(), sites: [] })
]

export function fuzz(input: Uint8Array): void {
  const question = decodeQuestion(input)
  if (question.ok) assert(equalBytes(encodeQuestion(question.value), input), 'a question is written one way')
  const answer = decodeAnswer(input)
  if (answer.ok) assert(equalBytes(encodeAnswer(answer.value), input), 'an answer is written one way')
}
