/** What the org said of each host in each of its answers, as CSV: which figures led to which verdict, and when. */

import type { SlowVerdict } from './slow.ts'

const SIGNALS: readonly (keyof SlowVerdict['said'][number]['signals'])[] = [
  'loopDelayMs',
  'cpuShare',
  'cpuWaitShare',
  'commitMs',
  'readMsPerMib',
  'retransmitShare',
  'sentPeakBytesPerSecond',
  'receivedPeakBytesPerSecond',
  'isLimited'
]

/** One line for each answer and host, in the order of the answers; what is not known is empty. */
export function answersCsv(verdicts: readonly SlowVerdict[]): string {
  const head = ['seconds', 'host', 'truth', 'called slow for', 'givesBytesPerSecond', ...SIGNALS]
  const rows = verdicts
    .flatMap(({ host, truth, said }) => said.map(answer => ({ host, truth, ...answer })))
    .toSorted((a, b) => a.seconds - b.seconds)
    .map(({ seconds, host, truth, reason, givesBytesPerSecond, signals }) => [
      ...[seconds.toFixed(1), host, truth ?? 'well', reason, givesBytesPerSecond],
      ...SIGNALS.map(name => signals[name])
    ])
  return `${[head, ...rows].map(row => row.map(cell => String(cell ?? '')).join(',')).join('\n')}\n`
}
