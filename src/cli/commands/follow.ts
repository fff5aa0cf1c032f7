/** `follow`: keeps a folder at the newest good version of a dataset. */

import { Option } from 'commander'
import { z } from 'zod'
import { datasetName, label } from '../../api/field.ts'
import {
  FOLLOW_KEEP_DEFAULT,
  FOLLOW_KEEP_MAX,
  FOLLOW_KEEP_MIN,
  type Follow,
  HOOK_TIMEOUT_MS_MAX,
  type Hook,
  type HookRun
} from '../../api/follow.ts'
import { formatDuration, HOUR_MS } from '../../base/units.ts'
import { type CommandInstaller, command, duration, type Invocation } from '../command.ts'
import { absolutePathOf } from '../paths.ts'
import { percent } from '../progress.ts'
import {
  type Column,
  type Paint,
  plural,
  printable,
  relativeTime,
  renderFields,
  renderTable,
  shellWord
} from '../text.ts'

const FOLLOW_MODES = ['symlink', 'rename'] as const
const ON_HOOK_FAILURE = ['rollback', 'keep'] as const

const destination = z.string().min(1, 'write a path')

function stateOf({ state, target, pinned }: Follow): string {
  const done = target === null ? '' : ` ${target.ordinal}, ${percent(target.haveBytes, target.totalBytes)}%`
  return `${state}${done}${pinned === null ? '' : `, pinned to ${pinned}`}`
}

const COLUMNS: readonly Column<Follow>[] = [
  { title: 'DATASET', value: row => row.name },
  { title: 'AT', align: 'right', value: row => (row.current === null ? '-' : String(row.current.ordinal)) },
  { title: 'STATE', value: stateOf },
  { title: 'DESTINATION', value: row => row.destination },
  { title: 'PROBLEM', value: row => row.problems[0]?.message ?? '' }
]

function hookText(hook: Hook | Follow['hook']): string {
  if (hook === null) return 'none'
  return hook.kind === 'shell' ? hook.command : hook.argv.map(shellWord).join(' ')
}

function runText(run: HookRun, nowMs: number): string {
  const how = run.timedOut
    ? 'was ended when its time was up'
    : (run.fault ?? (run.signal === null ? `exit code ${run.exitCode}` : `ended by ${run.signal}`))
  const took = formatDuration(run.endedAtMs - run.startedAtMs)
  return `${how}, for version ${run.ordinal} (${run.reason}), took ${took}, ${relativeTime(run.endedAtMs, nowMs)}`
}

function renderFollow(follow: Follow, nowMs: number, paint: Paint): string[] {
  const { current, previous, hook, lastHook, problems, retryAtMs, target } = follow
  const fields: [string, string][] = [
    ['dataset', follow.name],
    ['destination', `${follow.destination} (mode ${follow.mode})`],
    ['state', stateOf(follow)],
    [
      'current',
      current === null
        ? 'no version yet'
        : `version ${current.ordinal}, since ${relativeTime(current.atMs, nowMs)}, in ${current.path}`
    ]
  ]
  if (previous !== null) fields.push(['before', `version ${previous.ordinal}, in ${previous.path}`])
  if (target !== null) fields.push(['fetching', `version ${target.ordinal}, transfer ${target.transfer}`])
  fields.push(['keeps', `${plural(follow.keep, 'version')} on disk`], ['hook', hookText(hook)])
  if (hook !== null) fields.push(['if it fails', follow.onHookFailure])
  if (lastHook !== null) fields.push(['last run', runText(lastHook, nowMs)])
  for (const { ordinal, detail } of follow.failed) fields.push(['failed', `version ${ordinal}: ${detail}`])
  for (const { ordinal, detail } of follow.passedOver)
    fields.push(['not taken', `version ${ordinal}: ${detail}`])
  if (retryAtMs !== null) fields.push(['tries again', relativeTime(retryAtMs, nowMs)])
  const output = lastHook?.output.trimEnd() ?? ''
  return [
    ...renderFields(fields, paint),
    ...(output === ''
      ? []
      : ['', 'the hook printed, at its end:', ...output.split('\n').map(line => `  ${printable(line)}`)]),
    ...(problems.length === 0 ? [] : ['', paint('yellow', plural(problems.length, 'problem'))]),
    ...problems.map(({ code, message }) => `  ${code}: ${printable(message)}`)
  ]
}

function show(invocation: Invocation, follow: Follow): void {
  invocation.result(follow, paint => renderFollow(follow, invocation.context.nowMs(), paint))
}

const argv = z.string().transform((text, context): [string, ...string[]] => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const parsed = z.tuple([z.string().min(1)], z.string()).safeParse(value)
  if (parsed.success) return parsed.data
  context.addIssue({ code: 'custom', message: 'write a JSON array of a program and its arguments' })
  return z.NEVER
})

export const startFollow = command({
  usage: 'start <dataset> <destination>',
  isDefault: true,
  summary: 'keep a folder at the newest good version of a dataset',
  description:
    'The node does it from now on, also after a restart: it fetches each new version that this device may read into a ' +
    'folder of its own in DESTINATION.versions, verifies and fsyncs all of it, and only then switches DESTINATION to ' +
    'it. A version that is recalled, quarantined or retired is left for the newest one that is good. The hook runs ' +
    'after each switch, as the user of the node, at least once; what happened is in its environment: PEERAGE_DATASET, ' +
    'PEERAGE_VERSION, PEERAGE_ORDINAL, PEERAGE_PATH, PEERAGE_VERSION_PATH, PEERAGE_PREVIOUS_PATH, PEERAGE_REASON. ' +
    'Given again for the same destination it changes the options, all of them.',
  examples: [
    'peerage follow os-image /srv/os-image',
    'peerage follow web/app /srv/app --hook "systemctl reload app" --keep 3',
    'peerage follow models /srv/models --mode rename --on-hook-failure keep'
  ],
  options: [
    new Option(
      '--mode <mode>',
      'how the destination is switched: a link that is replaced in one step, or a folder of hard links, by two renames'
    )
      .choices(FOLLOW_MODES)
      .default('symlink'),
    new Option('--keep <n>', 'versions that stay on disk, the current and the one before at least').default(
      String(FOLLOW_KEEP_DEFAULT)
    ),
    new Option('--hook <command>', 'line for the shell, run after each switch').conflicts('hookArgv'),
    new Option(
      '--hook-argv <json>',
      'the same as a JSON array of a program and its arguments, without a shell'
    ),
    new Option('--hook-timeout <duration>', 'when the hook is ended, and has failed').default('5m'),
    new Option('--on-hook-failure <what>', 'go back to the version before and leave this one alone, or stay')
      .choices(ON_HOOK_FAILURE)
      .default('rollback'),
    new Option('--purpose <text>', 'what it is read for: kept in the audit logs of both sides')
  ],
  input: z.object({
    dataset: datasetName,
    destination,
    mode: z.enum(FOLLOW_MODES),
    keep: z.coerce
      .number()
      .int()
      .min(FOLLOW_KEEP_MIN, `write a number from ${FOLLOW_KEEP_MIN} to ${FOLLOW_KEEP_MAX}`)
      .max(FOLLOW_KEEP_MAX, `write a number from ${FOLLOW_KEEP_MIN} to ${FOLLOW_KEEP_MAX}`),
    hook: z.string().min(1, 'write a command').optional(),
    hookArgv: argv.optional(),
    hookTimeout: duration.refine(
      ms => ms <= HOOK_TIMEOUT_MS_MAX,
      `write at most ${HOOK_TIMEOUT_MS_MAX / HOUR_MS}h`
    ),
    onHookFailure: z.enum(ON_HOOK_FAILURE),
    purpose: label.optional()
  }),
  run: async (invocation, input) => {
    const { dataset, mode, keep, onHookFailure, purpose, hookTimeout } = input
    const shell: Hook | null = input.hook === undefined ? null : { kind: 'shell', command: input.hook }
    const follow = await invocation.client.call('follow', {
      ...{ name: dataset, destination: absolutePathOf(input.destination, invocation.context), mode, keep },
      ...{ onHookFailure, hookTimeoutMs: hookTimeout, purpose: purpose ?? null },
      hook: input.hookArgv === undefined ? shell : { kind: 'program', argv: input.hookArgv }
    })
    show(invocation, follow)
    return undefined
  }
})

export const listFollows = command({
  usage: 'list',
  summary: 'list what this node follows',
  examples: ['peerage follow list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('follows', {})
    invocation.result(list, paint =>
      list.follows.length === 0
        ? ['nothing is followed; begin with: peerage follow NAME DESTINATION']
        : renderTable(list.follows, COLUMNS, paint)
    )
    return undefined
  }
})

interface Acting {
  readonly verb: string
  readonly route: 'followed' | 'stopFollow' | 'resumeFollow' | 'retryFollow'
  readonly summary: string
  readonly description?: string
}

function acting({ verb, route, summary, description }: Acting): CommandInstaller {
  return command({
    usage: `${verb} <destination>`,
    summary,
    ...(description === undefined ? {} : { description }),
    examples: [`peerage follow ${verb} /srv/os-image`],
    input: z.object({ destination }),
    run: async (invocation, input) => {
      const path = absolutePathOf(input.destination, invocation.context)
      show(invocation, await invocation.client.call(route, { destination: path }))
      return undefined
    }
  })
}

export const followStatus = acting({
  verb: 'status',
  route: 'followed',
  summary: 'show one follow: its version, its hook, and what is wrong'
})

export const stopFollow = acting({
  verb: 'stop',
  route: 'stopFollow',
  summary: 'stop following; the destination stays as it is',
  description:
    'Its versions stay on disk and are served on. Following the same dataset there again goes on from them.'
})

export const resumeFollow = acting({
  verb: 'resume',
  route: 'resumeFollow',
  summary: 'follow again after a rollback'
})

export const retryFollow = acting({
  verb: 'retry',
  route: 'retryFollow',
  summary: 'try versions again whose hook failed, and now what waits for its time'
})

export const rollbackFollow = command({
  usage: 'rollback <destination>',
  summary: 'go back to an older version and stay there',
  description:
    'It stays there until peerage follow resume. A version that is not on disk any more is fetched again. The hook runs.',
  examples: ['peerage follow rollback /srv/os-image', 'peerage follow rollback /srv/os-image --to 3'],
  options: [
    new Option('--to <n>', 'number of the version (default: the newest good one before the current)')
  ],
  input: z.object({
    destination,
    to: z.coerce.number().int().positive('write the number of a version').optional()
  }),
  run: async (invocation, { destination: typed, to }) => {
    const path = absolutePathOf(typed, invocation.context)
    show(invocation, await invocation.client.call('rollbackFollow', { destination: path, to: to ?? null }))
    return undefined
  }
})
