/** Metrics of the node, for monitoring: docs/MONITORING.md lists them. */

import { z } from 'zod'

/** What `GET /metrics` answers with; a header Accept chooses, the first is the default. */
export const METRICS_TYPES = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  json: 'application/json; charset=utf-8'
} as const

export type MetricsFormat = keyof typeof METRICS_TYPES

export const metricsReport = z.object({
  metrics: z
    .array(
      z.object({
        name: z.string(),
        type: z.string(),
        help: z.string(),
        samples: z
          .array(
            z.object({
              name: z.string(),
              labels: z.record(z.string(), z.union([z.string(), z.number()])),
              /** Null for what JSON has no number for. */
              value: z.number().nullable()
            })
          )
          .readonly()
      })
    )
    .readonly()
})

export type MetricsReport = z.output<typeof metricsReport>
