/** The history part of the admin API: what this device measured, and what its receiving from peers saves. */

import { AppError } from '../../base/errors.ts'
import { quantileOf, RELATIVE_ERROR } from '../../history/log-histogram.ts'
import { type Point, planReading, regroup, SAMPLE_INTERVAL_MS, spanStart } from '../../history/rollup.ts'
import { savingsOf } from '../../history/savings.ts'
import type { OwnDevice } from '../service-words.ts'
import type { HistoryFile } from './history-file.ts'
import { isSeriesOfEveryNode, seriesOf } from './history-sampler.ts'
import type {
  DeviceSavings,
  HistoryAnswer,
  HistoryPoint,
  HistoryRequest,
  HistoryService,
  Series
} from './history-terms.ts'

export interface HistoryParts {
  readonly file: HistoryFile
  readonly ownDevice: () => OwnDevice
  /** What came and went since the last sample, by series. */
  readonly pending?: () => ReadonlyMap<string, number>
  readonly now?: () => number
}

export interface Sums {
  readonly fromMs: number
  readonly toMs: number
  /** The first measured span that is counted; null without any. */
  readonly firstAtMs: number | null
  readonly sumOf: (series: string) => number
}

type Asked = Pick<HistoryRequest, 'fromMs' | 'toMs' | 'stepMs'>

export class LocalHistoryService implements HistoryService {
  readonly #parts: HistoryParts

  constructor(parts: HistoryParts) {
    this.#parts = parts
  }

  async series(): Promise<readonly Series[]> {
    return this.#parts.file.names().map(seriesOf)
  }

  async history({ series, ...asked }: HistoryRequest): Promise<HistoryAnswer> {
    if (!isSeriesOfEveryNode(series) && !this.#parts.file.names().includes(series))
      throw new AppError(
        'USAGE',
        `there is no series ${series} in the history; list what there is with: peerage history`
      )
    const { points, ...span } = this.#read(series, asked)
    return {
      ...seriesOf(series),
      ...span,
      sampleIntervalMs: SAMPLE_INTERVAL_MS,
      relativeError: RELATIVE_ERROR,
      points: points.map(shown)
    }
  }

  async savings(asked: Pick<HistoryRequest, 'fromMs' | 'toMs'>): Promise<DeviceSavings> {
    const { sumOf, ...span } = this.sums(asked)
    const received = {
      siteBytes: sumOf('received/same-site'),
      wanBytes: sumOf('received/other-sites'),
      originBytes: sumOf('received/origins')
    }
    return {
      ...savingsOf(received),
      device: this.#parts.ownDevice(),
      ...span,
      sentSiteBytes: sumOf('sent/same-site'),
      sentWanBytes: sumOf('sent/other-sites')
    }
  }

  /** Of flows in a span; what came since the last sample is in them when it ends now. */
  sums(asked: Pick<HistoryRequest, 'fromMs' | 'toMs'>): Sums {
    const { fromMs, toMs, points } = this.#read('received/same-site', { ...asked, stepMs: null })
    const pending = asked.toMs === null ? this.#parts.pending?.() : undefined
    return {
      ...{ fromMs, toMs, firstAtMs: points[0]?.atMs ?? (pending === undefined ? null : toMs) },
      sumOf: series =>
        this.#read(series, { ...asked, stepMs: null }).points.reduce((total, point) => total + point.sum, 0) +
        (pending?.get(series) ?? 0)
    }
  }

  /** Whole steps, from the one that `fromMs` lies in. */
  #read(series: string, asked: Asked): { fromMs: number; toMs: number; stepMs: number; points: Point[] } {
    const nowMs = (this.#parts.now ?? Date.now)()
    const toMs = asked.toMs ?? nowMs
    if (toMs < asked.fromMs)
      throw new AppError('USAGE', 'the time asked for ends before it begins; ask for an earlier beginning')
    const { resolution, stepMs } = planReading(
      { fromMs: asked.fromMs, toMs },
      { stepMs: asked.stepMs, nowMs }
    )
    const fromMs = spanStart(asked.fromMs, stepMs)
    const points = this.#parts.file.points(series, resolution, { fromMs, toMs })
    return { fromMs, toMs, stepMs, points: regroup(points, stepMs) }
  }
}

function shown({ atMs, count, sum, min, max, histogram }: Point): HistoryPoint {
  // A quantile is a bucket's middle, which may lie a little outside of what was seen.
  const quantile = (q: number): number => Math.min(max, Math.max(min, quantileOf(histogram, q) ?? 0))
  return { atMs, samples: count, sum, min, max, p50: quantile(0.5), p95: quantile(0.95) }
}
