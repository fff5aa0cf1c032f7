/** `events` and `siem`: what happened here as events of OCSF, and where they are sent. */

import { Option } from 'commander'
import { z } from 'zod'
import { EVENTS_DEFAULT, EVENTS_MAX, type Events, KEEP_DEFAULT, KEEP_MAX, type Sink } from '../../api/siem.ts'
import { formatBytes } from '../../base/units.ts'
import { command, size } from '../command.ts'
import { absolutePathOf } from '../paths.ts'
import { type Column, isoTime, plural, printable, renderTable } from '../text.ts'

/** How long the node holds an answer back for an event: no longer than somebody who interrupts should wait. */
const WAIT_MS = 2000
const ROTATE_DEFAULT = '100MB'
const ROTATE_WORDS = 'write a size such as 500MB'
const LIMIT_WORDS = `write a number from 1 to ${EVENTS_MAX}`
const KEEP_WORDS = `write a number from 0 to ${KEEP_MAX}`
const SINK_WORDS = 'write the number of a sink; peerage siem lists them'

function eventText(event: Events['events'][number]): string {
  const { time, type, data } = event
  const {
    class_name: what,
    activity_name: activity,
    message,
    metadata
  } = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {}
  const { uid } = (metadata ?? {}) as { readonly uid?: unknown }
  const words =
    typeof message === 'string' ? message : `${String(what)}: ${String(activity)} (${String(uid)})`
  return printable(`${String(time)} ${String(type)} ${words}`)
}

export const showEvents = command({
  usage: 'events',
  summary: 'print what happens on this node as events of OCSF in CloudEvents, a line for each',
  description:
    'From now on, until Ctrl-C. Entries of the audit log of this device, and findings of detection. With --json each line is ' +
    'a whole event. peerage siem sends the same to a receiver, and misses none.',
  examples: ['peerage events', 'peerage events --from-start --until-now --json'],
  options: [
    new Option('--from-start', 'from the first event that is still here'),
    new Option('--until-now', 'end once there are no more'),
    new Option('--limit <number>', `events that are asked for at a time (default: ${EVENTS_DEFAULT})`)
  ],
  input: z.object({
    fromStart: z.boolean().default(false),
    untilNow: z.boolean().default(false),
    limit: z.coerce
      .number(LIMIT_WORDS)
      .int(LIMIT_WORDS)
      .min(1, LIMIT_WORDS)
      .max(EVENTS_MAX, LIMIT_WORDS)
      .default(EVENTS_DEFAULT)
  }),
  run: async (invocation, { fromStart, untilNow, limit }) => {
    const { client, context } = invocation
    const interrupt = context.catchInterrupt()
    let cursor: string | null = fromStart ? '' : null
    while (!interrupt.aborted) {
      const waitMs = untilNow ? 0 : WAIT_MS
      const answer: Events = await client.call('events', { cursor, limit, waitMs })
      for (const event of answer.events) invocation.result(event, () => [eventText(event)])
      if (answer.skipped > 0)
        invocation.note(`${plural(answer.skipped, 'event')} had been dropped by retention before`)
      if (untilNow && answer.events.length === 0 && answer.skipped === 0) break
      cursor = answer.cursor
    }
    return undefined
  }
})

const COLUMNS: readonly Column<Sink>[] = [
  { title: 'ID', value: row => String(row.id), align: 'right' },
  { title: 'TARGET', value: row => printable(row.target) },
  { title: 'LOGS', value: row => row.logs },
  { title: 'DELIVERED', value: row => String(row.delivered), align: 'right' },
  { title: 'WAITING', value: row => String(row.backlog), align: 'right' },
  { title: 'LAST', value: row => (row.lastDeliveredAtMs === null ? '-' : isoTime(row.lastDeliveredAtMs)) },
  { title: 'STATE', value: stateText }
]

function stateText({ failure, skipped }: Sink): string {
  const gone = skipped === 0 ? '' : `; ${skipped} had been dropped by retention before`
  if (failure === null) return `ok${gone}`
  return printable(`fails since ${isoTime(failure.sinceMs)}: ${failure.message}${gone}`)
}

export const listSinks = command({
  usage: 'list',
  isDefault: true,
  summary: 'list where events are sent, and whether they arrive',
  examples: ['peerage siem'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('sinks', {})
    invocation.result(list, paint =>
      list.sinks.length === 0
        ? ['events are sent nowhere; begin with: peerage siem set https://HOST/PATH']
        : renderTable(list.sinks, COLUMNS, paint)
    )
  }
})

export const setSink = command({
  usage: 'set <target>',
  summary: 'send events to a receiver from now on: by HTTPS, by syslog over TLS, or into a file',
  description:
    'TARGET is https://HOST/PATH (batches of CloudEvents), syslog+tls://HOST:PORT (RFC 5424 and 5425) or file:/PATH (a line ' +
    'of JSON for each). Each event arrives at least once, in order; what a receiver can not take now waits in the audit log. ' +
    'Setting the same target again changes its options, and it goes on where it was. docs/DETECTION.md has more.',
  examples: [
    'peerage siem set https://siem.example/events --token-file /etc/peerage/siem-token',
    'peerage siem set syslog+tls://log.example:6514 --ca /etc/peerage/ca.pem --all-logs',
    'peerage siem set file:/var/log/peerage/events.jsonl --rotate 500MB --keep 3'
  ],
  options: [
    new Option('--all-logs', 'the logs of other devices too that this one has collected'),
    new Option('--from-start', 'from the first event that is still here, and not from now on'),
    new Option('--token-file <path>', 'a file with the token for the receiver; it is read for each batch'),
    new Option('--ca <path>', 'PEM file of the authorities that may vouch for the receiver'),
    new Option('--rotate <size>', `a file is ended when it is so long (default: ${ROTATE_DEFAULT})`),
    new Option('--keep <number>', `ended files that are kept (default: ${KEEP_DEFAULT})`)
  ],
  input: z.object({
    target: z.string().min(1).max(1024),
    allLogs: z.boolean().default(false),
    fromStart: z.boolean().default(false),
    tokenFile: z.string().min(1).optional(),
    ca: z.string().min(1).optional(),
    rotate: size(ROTATE_WORDS).refine(Number.isSafeInteger, ROTATE_WORDS).prefault(ROTATE_DEFAULT),
    keep: z.coerce
      .number(KEEP_WORDS)
      .int(KEEP_WORDS)
      .min(0, KEEP_WORDS)
      .max(KEEP_MAX, KEEP_WORDS)
      .default(KEEP_DEFAULT)
  }),
  run: async (invocation, { target, allLogs, fromStart, tokenFile, ca, rotate, keep }) => {
    const absolute = (path: string | undefined): string | null =>
      path === undefined ? null : absolutePathOf(path, invocation.context)
    const sink = await invocation.client.call('setSink', {
      ...{ target, logs: allLogs ? 'all' : 'own', fromStart, rotateBytes: rotate, keep },
      ...{ tokenFile: absolute(tokenFile), caFile: absolute(ca) }
    })
    const rotation = sink.kind === 'file' ? `, ended at ${formatBytes(rotate)}` : ''
    invocation.result(sink, () => [
      `sink ${sink.id}: events go to ${printable(sink.target)}${rotation}; see whether they arrive with: peerage siem`
    ])
  }
})

export const removeSink = command({
  usage: 'remove <id>',
  summary: 'send events to a receiver no more',
  examples: ['peerage siem remove 1'],
  input: z.object({ id: z.coerce.number(SINK_WORDS).int(SINK_WORDS).positive(SINK_WORDS) }),
  run: async (invocation, { id }) => {
    const sink = await invocation.client.call('removeSink', { id })
    invocation.result(sink, () => [
      `events go to ${printable(sink.target)} no more; ${plural(sink.backlog, 'event')} had not been sent`
    ])
  }
})
