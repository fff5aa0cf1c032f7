/** `storage scrub`: how far what is held here has been read again for rot, and what was found. */

import { z } from 'zod'
import type { ScrubReport } from '../../api/scrub.ts'
import { formatBytes, formatDuration, formatRate, parseRate } from '../../base/units.ts'
import { command } from '../command.ts'
import { type Paint, plural, printable, renderFields } from '../text.ts'

export function scrubText(
  { state, pass, last, heldBytes, badPieces, healedPieces }: ScrubReport,
  nowMs: number
): string {
  const share = pass === null || heldBytes === 0 ? undefined : Math.min(1, pass.readBytes / heldBytes)
  const progress = share === undefined ? '' : `, ${Math.floor(100 * share)} % of ${formatBytes(heldBytes)}`
  const before = last === null ? 'no pass yet' : `last pass ${ago(last.endedAtMs, nowMs)}`
  const found = badPieces === 0 ? '' : `; ${plural(badPieces, 'piece')} bad, ${healedPieces} whole again`
  return `${state}${progress}; ${before}${found}`
}

function ago(atMs: number, nowMs: number): string {
  return `${formatDuration(Math.max(0, nowMs - atMs))} ago`
}

function renderScrub(report: ScrubReport, paint: Paint): string[] {
  const { pass, last, setBytesPerSecond, bytesPerSecond, readBytes, badPieces, healedPieces } = report
  const { damaged, damagedCount, nextAtMs } = report
  const nowMs = Date.now()
  const found = `${plural(badPieces, 'piece')} bad, ${healedPieces} whole again`
  return [
    ...renderFields(
      [
        ['scrub', scrubText(report, nowMs)],
        [
          'rate',
          `${formatRate(bytesPerSecond)}${setBytesPerSecond === null ? ', as fast as it has to be' : ', as set'}`
        ],
        ...(pass === null ? [] : [['this pass', passText(pass, nowMs)] as const]),
        ...(last === null
          ? []
          : [
              [
                'last pass',
                `${passText(last, nowMs)}, took ${formatDuration(last.endedAtMs - last.beganAtMs)}`
              ] as const
            ]),
        ...(nextAtMs === null
          ? []
          : [['next pass', `in ${formatDuration(Math.max(0, nextAtMs - nowMs))}`] as const]),
        ['all passes', `${formatBytes(readBytes)} read, ${badPieces === 0 ? 'nothing bad' : found}`]
      ],
      paint
    ),
    ...damaged.map(({ version, path, kind, pieces }) =>
      paint(
        'yellow',
        `damaged: ${version.slice(0, 12)} at ${printable(path)}, ${plural(pieces, 'piece')}${kind === 'source' ? ', published from there' : ''}`
      )
    ),
    ...(damagedCount > damaged.length ? [`and ${damagedCount - damaged.length} more`] : [])
  ]
}

function passText(
  { beganAtMs, readBytes, badPieces }: NonNullable<ScrubReport['pass']>,
  nowMs: number
): string {
  return `begun ${ago(beganAtMs, nowMs)}, ${formatBytes(readBytes)} read, ${plural(badPieces, 'piece')} bad`
}

export const scrubStatus = command({
  usage: 'status',
  isDefault: true,
  summary: 'show how far what is held here has been read again, and what was found',
  examples: ['peerage storage scrub', 'peerage storage scrub status --json | jq .badPieces'],
  input: z.object({}),
  run: async invocation => {
    const report = await invocation.client.call('scrub', {})
    invocation.result(report, paint => renderScrub(report, paint))
  }
})

export const startScrub = command({
  usage: 'start',
  summary: 'go on, or begin a pass now',
  examples: ['peerage storage scrub start'],
  input: z.object({}),
  run: async invocation => {
    const report = await invocation.client.call('setScrub', { action: 'start' })
    invocation.result(report, paint => renderScrub(report, paint))
  }
})

export const pauseScrub = command({
  usage: 'pause',
  summary: 'read nothing again until it is started, also after restarts',
  examples: ['peerage storage scrub pause'],
  input: z.object({}),
  run: async invocation => {
    const report = await invocation.client.call('setScrub', { action: 'pause' })
    invocation.result(report, paint => renderScrub(report, paint))
  }
})

const rate = z.string().transform((text, context) => {
  if (text === 'auto') return null
  const bytesPerSecond = parseRate(text)
  if (bytesPerSecond !== undefined && bytesPerSecond >= 1) return Math.floor(bytesPerSecond)
  context.addIssue({ code: 'custom', message: 'write a rate such as 5MB/s, or auto' })
  return z.NEVER
})

export const setScrubRate = command({
  usage: 'rate <rate>',
  summary: 'set how fast it reads',
  description:
    'With auto a pass takes about a month at most, and is slow while transfers run. A rate that is set holds always.',
  examples: ['peerage storage scrub rate 5MB/s', 'peerage storage scrub rate auto'],
  input: z.object({ rate }),
  run: async (invocation, input) => {
    const report = await invocation.client.call('setScrub', { bytesPerSecond: input.rate })
    invocation.result(report, paint => renderScrub(report, paint))
  }
})
