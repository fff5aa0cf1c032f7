/** Stays with transfers until they are settled: shows how far each is, and stops all of them when it has to leave. */

import { parseErrorCode } from '../api/error.ts'
import type { Transfer } from '../api/transfer.ts'
import { AppError } from '../base/errors.ts'
import { formatBytes, formatDuration, formatRate, SECOND_MS } from '../base/units.ts'
import type { Invocation } from './command.ts'
import { isStarting, transferLine } from './progress.ts'
import { plural, printable, shellWord } from './text.ts'

function resumeHint({ id, name, ordinal, destination, haveBytes, totalBytes, only }: Transfer): string {
  const kept = `${formatBytes(haveBytes)} of ${formatBytes(totalBytes)} are kept`
  const again =
    only.length === 0 ? `get ${name}@${ordinal} ${shellWord(destination)}` : `transfers resume ${id}`
  return `${kept}; resume with: peerage ${again}`
}

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

export function failureOf(transfer: Transfer): AppError {
  const details = { transfer: transfer.id, version: transfer.version, destination: transfer.destination }
  if (transfer.state === 'stopped')
    return new AppError(
      'TRANSFER_STOPPED',
      `the transfer was stopped by another command; ${resumeHint(transfer)}`,
      { details }
    )
  const { problem } = transfer
  const code = (problem === null ? undefined : parseErrorCode(problem.code)) ?? 'STORAGE_FAILED'
  // What is not there to be fetched is not fetched by trying again.
  const hint = code === 'NOTHING_SELECTED' ? '' : `; ${resumeHint(transfer)}`
  return new AppError(code, `${problem?.message ?? 'the transfer failed'}${hint}`, { details })
}

/** Speaks of the transfer's own time: it may have gone on, or been complete, before this command came to watch. */
export function renderDone(transfer: Transfer): string[] {
  const { origin, resumedBytes, reusedBytes, startedAtMs, finishedAtMs, ofVersion } = transfer
  const originBytes = origin?.receivedBytes ?? 0
  const receivedBytes = transfer.receivedBytes + originBytes
  const tookMs = (finishedAtMs ?? startedAtMs) - startedAtMs
  const rate = formatRate((receivedBytes * SECOND_MS) / Math.max(1, tookMs))
  const rest =
    ofVersion === null ? '' : `, of ${plural(ofVersion.files, 'file')}, ${formatBytes(ofVersion.bytes)}`
  const what = ofVersion === null ? 'is complete' : 'is there in part, as was asked for,'
  const lines = [
    `${transfer.name}@${transfer.ordinal} ${what} in ${transfer.destination}`,
    `  ${plural(transfer.files, 'file')}, ${formatBytes(transfer.totalBytes)}${rest}, every byte verified and on disk`,
    `  received ${formatBytes(receivedBytes)} in ${formatDuration(tookMs)}, ${rate}`
  ]
  if (resumedBytes > 0) lines.push(`  ${formatBytes(resumedBytes)} were here already`)
  if (reusedBytes > 0) lines.push(`  ${formatBytes(reusedBytes)} taken from other files of this device`)
  for (const source of transfer.sources) {
    if (source.receivedBytes === 0) continue
    const who = `${source.name ?? source.device.slice(0, 12)}${source.publisher ? ', the publisher' : ''}`
    lines.push(`  ${formatBytes(source.receivedBytes)} from ${who}`)
  }
  if (originBytes > 0) lines.push(`  ${formatBytes(originBytes)} from the origin, ${origin?.url}`)
  return lines.map(printable)
}

/** Why a command leaves a transfer before its end. */
const LEAVING = {
  interrupted: ['INTERRUPTED', 'stopped'],
  'no-sources': ['NO_SOURCES', 'gave up: no reachable device has the missing pieces']
} as const

export class TransferWatch {
  readonly #invocation: Invocation
  readonly #timeoutMs: number | undefined
  readonly #interrupt: AbortSignal
  /** Those under way, as they were last, in words. */
  readonly #latest = new Map<string, string>()

  constructor(
    invocation: Invocation,
    { timeoutMs, interrupt }: { readonly timeoutMs: number | undefined; readonly interrupt: AbortSignal }
  ) {
    this.#invocation = invocation
    this.#timeoutMs = timeoutMs
    this.#interrupt = interrupt
  }

  /**
   * Until the transfer is settled; a paused one is waited for. Rejects with INTERRUPTED or NO_SOURCES, and has stopped
   * the transfer then.
   */
  async follow(started: Transfer): Promise<Transfer> {
    const { client, context } = this.#invocation
    const gaveUp = new AbortController()
    const patience = new Patience(this.#timeoutMs)
    const startMs = context.monotonicMs()
    let told: string | undefined
    const onProgress = (transfer: Transfer): void => {
      const watchedMs = context.monotonicMs() - startMs
      const line = transferLine(transfer, watchedMs)
      this.#latest.set(transfer.id, line)
      // A log is to say at once that it waits and for what, and nothing while it may start any moment.
      const isLog = !context.stderr.isTty && !this.#invocation.json
      const standstill =
        transfer.state === 'waiting' || transfer.state === 'paused'
          ? `${transfer.state} ${transfer.problem?.code}`
          : undefined
      if (!isLog || !isStarting(transfer, watchedMs)) {
        const isNews = isLog && standstill !== undefined && standstill !== told
        this.#invocation.progress(transfer, () => (isNews ? line : [...this.#latest.values()]), { isNews })
        told = standstill
      }
      if (patience.isOver(transfer.state, context.monotonicMs())) gaveUp.abort()
    }
    try {
      return await client.stream(
        'watchTransfer',
        { id: started.id },
        { signal: AbortSignal.any([this.#interrupt, gaveUp.signal]), onProgress }
      )
    } catch (error) {
      if (this.#interrupt.aborted) throw await this.#stop(started, 'interrupted')
      if (gaveUp.signal.aborted) throw await this.#stop(started, 'no-sources')
      throw error
    } finally {
      this.#latest.delete(started.id)
      this.#invocation.meter.clear()
    }
  }

  async #stop(transfer: Transfer, leave: keyof typeof LEAVING): Promise<AppError> {
    const stopped = await this.#invocation.client.call('stopTransfer', { id: transfer.id, discard: false })
    const details = { transfer: stopped.id, version: stopped.version, destination: stopped.destination }
    const { problem } = stopped
    const isForKey = leave === 'no-sources' && problem?.code === 'SEALED_NO_KEY'
    const [code, what] = isForKey
      ? (['SEALED_NO_KEY', `gave up: ${problem.message}`] as const)
      : LEAVING[leave]
    return new AppError(code, `${what}; ${resumeHint(stopped)}`, { details })
  }
}
