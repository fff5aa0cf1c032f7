/** `metrics`: what monitoring reads of this node. */

import { z } from 'zod'
import { METRICS_TYPES, metricsReport } from '../../api/metrics.ts'
import { AppError } from '../../base/errors.ts'
import { command } from '../command.ts'

export const metrics = command({
  usage: 'metrics',
  summary: 'print the metrics of this node, as Prometheus reads them',
  description:
    'The same as GET /metrics of the API over the network gives to a token with the scope read. docs/MONITORING.md lists ' +
    'them, and says how to set up Prometheus.',
  examples: ['peerage metrics', 'peerage metrics | grep peerage_transfers'],
  input: z.object({}),
  run: async invocation => {
    const { client, json } = invocation
    const accept = json ? METRICS_TYPES.json : METRICS_TYPES.text
    const text = Buffer.from(await client.bytes('metrics', {}, { accept })).toString('utf8')
    if (!json) {
      invocation.result(undefined, () => text.trimEnd().split('\n'))
      return
    }
    const report = metricsReport.safeParse(JSON.parse(text))
    if (!report.success)
      throw new AppError(
        'NODE_INTERNAL',
        'the node is not of this version of peerage: its metrics are others'
      )
    invocation.result(report.data, () => [])
  }
})
