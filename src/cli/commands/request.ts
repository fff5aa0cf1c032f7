/** `request`: requests of persons, what is due when, and what answers each. */

import { Option } from 'commander'
import { z } from 'zod'
import {
  REQUEST_TEXT_CHARACTERS_MAX,
  type RequestReport,
  type RequestSummary,
  requestKind,
  requestOutcome
} from '../../api/request.ts'
import { subjectId } from '../../api/subject.ts'
import { command } from '../command.ts'
import { instant, instantBefore } from '../instant.ts'
import {
  type Column,
  isoTime,
  type Paint,
  plural,
  printable,
  relativeTime,
  renderTable,
  shellWord
} from '../text.ts'

const id = z.string().min(1, 'write the id of a request; peerage request list shows them').max(32)
const reason = z
  .string()
  .min(1, 'write a reason')
  .max(REQUEST_TEXT_CHARACTERS_MAX, `write at most ${REQUEST_TEXT_CHARACTERS_MAX} characters`)

const whose = ({ subject }: RequestSummary): string => printable(subject ?? '(forgotten)')

function dueText({ closed, state, dueAtMs }: RequestSummary, nowMs: number): string {
  if (closed !== null) return state === 'late' ? 'closed late' : 'closed in time'
  return relativeTime(dueAtMs, nowMs)
}

const columns = (nowMs: number): readonly Column<RequestSummary>[] => [
  { title: 'REQUEST', value: row => row.id },
  { title: 'KIND', value: row => row.kind },
  { title: 'STATE', value: row => row.state },
  { title: 'RECEIVED', value: row => isoTime(row.receivedAtMs) },
  { title: 'DUE', value: row => `${isoTime(row.dueAtMs)} (${dueText(row, nowMs)})` },
  { title: 'OUTCOME', value: row => row.closed?.outcome ?? '-' },
  { title: 'PERSON', value: whose }
]

function render(request: RequestSummary, paint: Paint, nowMs: number): string[] {
  const { extended, closed, state } = request
  const due = `${isoTime(request.dueAtMs)} (${dueText(request, nowMs)})`
  const isLate = state === 'overdue' || state === 'late'
  return [
    `request ${request.id}: ${request.kind}, of ${whose(request)}`,
    `received ${isoTime(request.receivedAtMs)}; due ${isLate ? paint('red', due) : due}`,
    ...(extended === null
      ? []
      : [
          `extended by two months, the person told ${isoTime(extended.toldAtMs)}: ${printable(extended.reason)}`
        ]),
    ...(closed === null
      ? []
      : [`closed ${isoTime(closed.atMs)} as ${closed.outcome}: ${printable(closed.reason ?? '-')}`])
  ]
}

/** What is done for each kind, as commands. */
function next({ kind, subject, closed }: RequestSummary): string[] {
  if (subject === null || closed !== null) return []
  const person = shellWord(subject)
  const steps = {
    access: [`peerage subject export ${person} ./answer`, `peerage subject lookups ${person}`],
    portability: [`peerage subject export ${person} ./answer`],
    erasure: [`peerage erase start --subject ${person} --basis art17`, `peerage subject forget ${person}`],
    rectification: [`peerage subject show ${person}`],
    restriction: [`peerage subject show ${person}`, 'peerage quarantine DATASET@VERSION'],
    objection: [`peerage subject show ${person}`, 'peerage access revoke WHO DATASET']
  } as const satisfies Record<RequestSummary['kind'], readonly string[]>
  return ['what answers it:', ...steps[kind].map(step => `  ${step}`)]
}

function renderReport({ request, about, erasures }: RequestReport, paint: Paint, nowMs: number): string[] {
  return [
    ...render(request, paint, nowMs),
    ...(about === null
      ? ['the person is forgotten: nothing here says any more whose request it was']
      : [
          `about the person: ${plural(about.versions, 'version')}, ${about.available} of them available, in ` +
            `${about.datasets.join(', ') || 'no dataset'}`
        ]),
    ...erasures.map(each => {
      const left = each.unproved === 0 ? 'all confirmed' : `${plural(each.unproved, 'device')} not confirmed`
      const line = `erasure ${each.case} (${printable(each.basis)}) of ${isoTime(each.atMs)}: ${plural(each.versions, 'version')}, ${left}`
      return each.unproved === 0 ? line : paint('yellow', line)
    }),
    ...next(request)
  ]
}

export const listRequests = command({
  usage: 'list',
  isDefault: true,
  summary: 'list requests of persons that are noted here, those first that are due first',
  description: 'Requests are on this device alone, which has to be an admin or have the role privacy.',
  examples: ['peerage request list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('requests', {})
    const nowMs = invocation.context.nowMs()
    invocation.result(list, paint =>
      list.requests.length === 0
        ? ['no request is noted here']
        : renderTable(list.requests, columns(nowMs), paint)
    )
  }
})

export const openRequest = command({
  usage: 'open',
  summary: 'open a request of a person, with a clock of one month from when it was received',
  description:
    'TIME is how long ago, such as 5d, or a date. An overdue request is told of by peerage status.',
  examples: ['peerage request open --subject jane.doe@example.org --kind access --received 2026-01-31'],
  options: [
    new Option('--subject <id>', 'whose it is').makeOptionMandatory(),
    new Option('--kind <name>', requestKind.options.join(', ')).makeOptionMandatory(),
    new Option('--received <time>', 'when it was received (default: now)')
  ],
  input: z.object({
    subject: subjectId,
    kind: z.enum(requestKind.options, `write one of ${requestKind.options.join(', ')}`),
    received: instant.optional()
  }),
  run: async (invocation, { subject, kind, received }) => {
    const nowMs = invocation.context.nowMs()
    const request = await invocation.client.call('openRequest', {
      ...{ subject, kind },
      receivedAtMs: received === undefined ? null : instantBefore(received, nowMs)
    })
    invocation.result(request, paint => [...render(request, paint, nowMs), ...next(request)])
  }
})

export const showRequest = command({
  usage: 'show <id>',
  summary: 'show a request: what is about the person, which erasures there were, and what answers it',
  examples: ['peerage request show 1f2e3d4c'],
  input: z.object({ id }),
  run: async (invocation, { id: of }) => {
    const report = await invocation.client.call('request', { id: of })
    const nowMs = invocation.context.nowMs()
    invocation.result(report, paint => renderReport(report, paint, nowMs))
  }
})

export const extendRequest = command({
  usage: 'extend <id>',
  summary: 'extend a request by two months, with the reason that the person was told within the first',
  examples: ['peerage request extend 1f2e3d4c --reason "many archives have to be searched"'],
  options: [
    new Option('--reason <text>', 'why').makeOptionMandatory(),
    new Option('--told <time>', 'when the person was told (default: now)')
  ],
  input: z.object({ id, reason, told: instant.optional() }),
  run: async (invocation, { id: of, reason: why, told }) => {
    const nowMs = invocation.context.nowMs()
    const request = await invocation.client.call('extendRequest', {
      ...{ id: of, reason: why, toldAtMs: told === undefined ? null : instantBefore(told, nowMs) }
    })
    invocation.result(request, paint => render(request, paint, nowMs))
  }
})

export const closeRequest = command({
  usage: 'close <id>',
  summary: 'close a request: it was fulfilled, refused with a reason, or withdrawn',
  examples: ['peerage request close 1f2e3d4c --outcome fulfilled'],
  options: [
    new Option('--outcome <name>', requestOutcome.options.join(', ')).makeOptionMandatory(),
    new Option('--reason <text>', 'why; has to be given for one that is refused')
  ],
  input: z.object({
    id,
    outcome: z.enum(requestOutcome.options, `write one of ${requestOutcome.options.join(', ')}`),
    reason: reason.optional()
  }),
  run: async (invocation, { id: of, outcome, reason: why = null }) => {
    const request = await invocation.client.call('closeRequest', { id: of, outcome, reason: why })
    invocation.result(request, paint => render(request, paint, invocation.context.nowMs()))
  }
})

export const deleteRequest = command({
  usage: 'delete <id>',
  summary: 'delete a closed request for good',
  examples: ['peerage request delete 1f2e3d4c'],
  input: z.object({ id }),
  run: async (invocation, { id: of }) => {
    const request = await invocation.client.call('deleteRequest', { id: of })
    invocation.result(request, () => [`request ${request.id} is deleted`])
  }
})
