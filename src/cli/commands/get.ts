/**
 * `get`: fetches a version and stays until it is there. The node does the work, and goes on when this process
 * is killed or its terminal closes; Ctrl-C and --timeout stop the transfer and keep what is stored.
 */

import { Option } from 'commander'
import { z } from 'zod'
import { parseErrorCode } from '../../api/error.ts'
import { label } from '../../api/field.ts'
import type { Transfer } from '../../api/transfer.ts'
import { AppError } from '../../base/errors.ts'
import { formatBytes, formatDuration, formatRate, SECOND_MS } from '../../base/units.ts'
import { command, duration, type Invocation } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import { absolutePathOf } from '../paths.ts'
import { transferLine } from '../progress.ts'
import { plural, printable, shellWord } from '../text.ts'

function resumeHint({ name, ordinal, destination, haveBytes, totalBytes }: Transfer): string {
  const kept = `${formatBytes(haveBytes)} of ${formatBytes(totalBytes)} are kept`
  return `${kept}; resume with: peerage get ${name}@${ordinal} ${shellWord(destination)}`
}

/** Every transfer waits for a moment, until the first source has answered. */
const WAITING_TOLD_MS = 2 * SECOND_MS

/** Watches for a transfer that has found no source for too long. Pure: time comes in. */
export class Patience {
  readonly #timeoutMs: number | undefined
  #waitingSinceMs: number | undefined

  constructor(timeoutMs: number | undefined) {
    this.#timeoutMs = timeoutMs
  }

  isOver(state: Transfer['state'], nowMs: number): boolean {
    if (state !== 'waiting') this.#waitingSinceMs = undefined
    else this.#waitingSinceMs ??= nowMs
    if (this.#timeoutMs === undefined || this.#waitingSinceMs === undefined) return false
    return nowMs - this.#waitingSinceMs >= this.#timeoutMs
  }
}

function failureOf(transfer: Transfer): AppError {
  const details = { transfer: transfer.id, version: transfer.version, destination: transfer.destination }
  if (transfer.state === 'stopped')
    return new AppError(
      'TRANSFER_STOPPED',
      `the transfer was stopped by another command; ${resumeHint(transfer)}`,
      {
        details
      }
    )
  const { problem } = transfer
  const code = (problem === null ? undefined : parseErrorCode(problem.code)) ?? 'STORAGE_FAILED'
  return new AppError(code, `${problem?.message ?? 'the transfer failed'}; ${resumeHint(transfer)}`, {
    details
  })
}

/** Speaks of the transfer's own time: it may have gone on, or been complete, before this command came to watch. */
function renderDone(transfer: Transfer): string[] {
  const { receivedBytes, resumedBytes, reusedBytes, startedAtMs, finishedAtMs } = transfer
  const tookMs = (finishedAtMs ?? startedAtMs) - startedAtMs
  const rate = formatRate((receivedBytes * SECOND_MS) / Math.max(1, tookMs))
  const lines = [
    `${transfer.name}@${transfer.ordinal} is complete in ${transfer.destination}`,
    `  ${plural(transfer.files, 'file')}, ${formatBytes(transfer.totalBytes)}, every byte verified and on disk`,
    `  received ${formatBytes(receivedBytes)} in ${formatDuration(tookMs)}, ${rate}`
  ]
  if (resumedBytes > 0) lines.push(`  ${formatBytes(resumedBytes)} were here already`)
  if (reusedBytes > 0) lines.push(`  ${formatBytes(reusedBytes)} taken from other files of this device`)
  for (const source of transfer.sources) {
    if (source.receivedBytes === 0) continue
    const who = `${source.name ?? source.device.slice(0, 12)}${source.publisher ? ', the publisher' : ''}`
    lines.push(`  ${formatBytes(source.receivedBytes)} from ${who}`)
  }
  return lines.map(printable)
}

/** Why this command leaves a transfer before its end. */
const LEAVING = {
  interrupted: ['INTERRUPTED', 'stopped'],
  'no-sources': ['NO_SOURCES', 'gave up: no reachable device has the missing pieces']
} as const

async function stop(
  invocation: Invocation,
  transfer: Transfer,
  leave: keyof typeof LEAVING
): Promise<AppError> {
  const stopped = await invocation.client.call('stopTransfer', { id: transfer.id, discard: false })
  const details = { transfer: stopped.id, version: stopped.version, destination: stopped.destination }
  const [code, what] = LEAVING[leave]
  return new AppError(code, `${what}; ${resumeHint(stopped)}`, { details })
}

interface WatchOptions {
  readonly timeoutMs: number | undefined
  readonly interrupt: AbortSignal
}

async function watch(invocation: Invocation, started: Transfer, options: WatchOptions): Promise<Transfer> {
  const { client, context } = invocation
  const { interrupt, timeoutMs } = options
  const gaveUp = new AbortController()
  const patience = new Patience(timeoutMs)
  const startMs = context.monotonicMs()
  let announced = false
  try {
    return await client.stream(
      'watchTransfer',
      { id: started.id },
      {
        signal: AbortSignal.any([interrupt, gaveUp.signal]),
        onProgress: transfer => {
          const isLong = context.monotonicMs() - startMs >= WAITING_TOLD_MS
          if (transfer.state === 'waiting' && isLong && !announced && !context.stderr.isTty) {
            announced = true
            invocation.note(transferLine(transfer))
          }
          invocation.progress(transfer, () => transferLine(transfer))
          if (patience.isOver(transfer.state, context.monotonicMs())) gaveUp.abort()
        }
      }
    )
  } catch (error) {
    if (interrupt.aborted) throw await stop(invocation, started, 'interrupted')
    if (gaveUp.signal.aborted) throw await stop(invocation, started, 'no-sources')
    throw error
  } finally {
    invocation.meter.clear()
  }
}

export const get = command({
  usage: 'get <dataset> <destination>',
  summary: 'fetch a version, verified, and serve it to others from there',
  description:
    'Ends with exit code 0 only when every byte is verified and on disk. A version of several files goes into the ' +
    'folder DESTINATION; a version that is one file goes to the file DESTINATION, or into it when it is a folder. ' +
    'An interrupted get resumes where it stopped when it is given again. While no reachable device has the missing ' +
    'pieces it waits, unless --timeout says otherwise.',
  examples: [
    'peerage get os-image ./image.qcow2',
    'peerage get ml/models@3 /srv/models/ --timeout 60s',
    'peerage get scans/2031 ./scans --purpose "study 17"'
  ],
  options: [
    new Option('--timeout <duration>', 'give up after so long without any source'),
    new Option(
      '--purpose <text>',
      'what it is read for, as a ticket or a study: kept in the audit logs of both sides'
    )
  ],
  input: z.object({
    dataset: datasetReference,
    destination: z.string().min(1, 'write a path'),
    timeout: duration.optional(),
    purpose: label.optional()
  }),
  streams: true,
  run: async (invocation, { dataset, destination, timeout, purpose }) => {
    const { context } = invocation
    const interrupt = context.catchInterrupt()
    const path = absolutePathOf(destination, context)
    const started = await invocation.client.call('startTransfer', {
      ...{ ...dataset, destination: path },
      purpose: purpose ?? null
    })
    const finished = await watch(invocation, started, { timeoutMs: timeout, interrupt })
    if (finished.state !== 'complete') throw failureOf(finished)
    invocation.streamResult(finished, () => renderDone(finished))
  }
})
