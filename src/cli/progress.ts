/**
 * Progress of long tasks. The lines are pure functions of what the node said; `ProgressMeter` puts them where
 * they belong: redrawn in place on a terminal, now and then a line of its own in a log.
 */

import type { PublishProgress, VerifyProgress } from '../api/dataset.ts'
import type { Transfer } from '../api/transfer.ts'
import { formatBytes, formatDuration, formatRate, SECOND_MS } from '../base/units.ts'
import type { Terminal } from './context.ts'
import { restraintsText } from './restraint-text.ts'
import { plural, printable, widthOf } from './text.ts'

const REDRAW_INTERVAL_MS = 100
const LOG_INTERVAL_MS = 5 * SECOND_MS
const BAR_COLUMNS = 24
const TERMINAL_COLUMNS = 80
const CLEAR_LINE = '\r\u001b[2K'
const CLEAR_LINE_ABOVE = '\u001b[1A\u001b[2K'

/** How many of `steps` are done, rounded down: what is not complete never looks complete. */
function stepsDone(part: number, whole: number, steps: number): number {
  return part >= whole ? steps : Math.min(steps - 1, Math.floor((part * steps) / whole))
}

export function percent(part: number, whole: number): number {
  return stepsDone(part, whole, 100)
}

export function renderBar(part: number, whole: number): string {
  const filled = stepsDone(part, whole, BAR_COLUMNS)
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_COLUMNS - filled)}]`
}

/** What a transfer does that does not fetch. */
const STATES: Record<Exclude<Transfer['state'], 'fetching'>, string> = {
  queued: 'queued behind other transfers…',
  waiting: 'waiting for a peer that has it…',
  paused: 'paused; peerage transfers resume goes on with it',
  complete: 'complete',
  stopped: 'stopped',
  failed: 'failed'
}

/** All of it may be here, sealed, and nothing of it can be opened. */
export function isWaitingForKey({ state, problem }: Transfer): boolean {
  return state === 'waiting' && problem?.code === 'SEALED_NO_KEY'
}

/** Every transfer waits for a moment, until the first source has answered; so it does for a key. */
const START_MS = 2 * SECOND_MS

/** Whether it has not been at it for long enough that its waiting says anything. */
export function isStarting({ state }: Transfer, watchedMs: number): boolean {
  return state === 'waiting' && watchedMs < START_MS
}

/** `watchedMs`: since the command began to watch it. */
export function transferLine(transfer: Transfer, watchedMs = Number.POSITIVE_INFINITY): string {
  const { haveBytes, totalBytes, resumedBytes, problem } = transfer
  const what = printable(`${transfer.name}@${transfer.ordinal}`)
  if (isStarting(transfer, watchedMs)) return `${what}  starting…`
  if (isWaitingForKey(transfer)) return `${what}  waiting for its key: ${printable(problem?.message ?? '')}`
  const amount = `${percent(haveBytes, totalBytes)}%  ${formatBytes(haveBytes)} of ${formatBytes(totalBytes)}`
  const resumed = resumedBytes > 0 ? `  (${formatBytes(resumedBytes)} were here)` : ''
  if (transfer.state !== 'fetching') {
    const why = problem === null ? '' : `: ${printable(problem.message)}`
    return `${what}  ${STATES[transfer.state]}  ${amount}${resumed}${why}`
  }
  const eta = transfer.etaMs === null ? '' : `  ETA ${formatDuration(transfer.etaMs)}`
  // While something comes from there.
  const isOfOrigin = transfer.origin !== null && transfer.origin.need !== null
  const sources = plural(transfer.sourcesConnected, 'source') + (isOfOrigin ? ' and the origin' : '')
  const bar = renderBar(haveBytes, totalBytes)
  const limits = transfer.restraints.length === 0 ? '' : `  ${restraintsText(transfer.restraints)}`
  return `${what}  ${bar} ${amount}  ${formatRate(transfer.bytesPerSecond)}${eta}  ${sources}${resumed}${limits}`
}

export function publishLine(progress: PublishProgress): string {
  const { phase, filesDone, filesTotal, bytesDone, bytesTotal } = progress
  if (phase === 'scanning' || bytesTotal === null || filesTotal === null)
    return `scanning  ${plural(filesDone, 'file')}  ${formatBytes(bytesDone)}`
  if (phase === 'sealing')
    return `sealing  ${renderBar(bytesDone, bytesTotal)} ${percent(bytesDone, bytesTotal)}%  ${plural(filesDone, 'file')} of ${filesTotal}`
  if (phase === 'chunking')
    return `chunking  ${renderBar(bytesDone, bytesTotal)} ${percent(bytesDone, bytesTotal)}%`
  if (phase === 'recording') return `recording  ${plural(filesTotal, 'file')}  ${formatBytes(bytesTotal)}`
  const amount = `${percent(bytesDone, bytesTotal)}%  ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`
  return `hashing  ${renderBar(bytesDone, bytesTotal)} ${amount}  ${filesDone} of ${plural(filesTotal, 'file')}`
}

export function verifyLine(progress: VerifyProgress): string {
  const { bytesDone, bytesTotal, piecesBad } = progress
  const amount = `${percent(bytesDone, bytesTotal)}%  ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`
  const bad = piecesBad === 0 ? '' : `  ${plural(piecesBad, 'bad piece')}`
  return `verifying  ${renderBar(bytesDone, bytesTotal)} ${amount}${bad}`
}

/** Cuts a line to the width of the terminal, so that it never wraps and the redraw stays in place. */
export function fitLine(line: string, columns: number): string {
  if (widthOf(line) < columns) return line
  let fitted = ''
  for (const character of line) {
    if (widthOf(fitted + character) >= columns - 1) break
    fitted += character
  }
  return `${fitted}…`
}

export class ProgressMeter {
  readonly #terminal: Terminal
  readonly #now: () => number
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #drawnLines = 0

  constructor(terminal: Terminal, nowMs: () => number) {
    this.#terminal = terminal
    this.#now = nowMs
  }

  /** Shows what `render` makes, a line or several, unless the last is too recent; news is never late. */
  update(render: () => string | readonly string[], { isNews = false } = {}): void {
    const nowMs = this.#now()
    const { isTty, columns } = this.#terminal
    if (!isNews && nowMs - this.#writtenAtMs < (isTty ? REDRAW_INTERVAL_MS : LOG_INTERVAL_MS)) return
    this.#writtenAtMs = nowMs
    const lines = [render()].flat()
    if (isTty) {
      const fitted = lines.map(line => fitLine(line, columns ?? TERMINAL_COLUMNS))
      this.#terminal.write(this.#clearing() + fitted.join('\n'))
      this.#drawnLines = fitted.length
    } else this.#terminal.write(lines.map(line => `${line}\n`).join(''))
  }

  /** Takes the lines away, so that what follows stands alone. */
  clear(): void {
    if (this.#drawnLines > 0) this.#terminal.write(this.#clearing())
    this.#drawnLines = 0
  }

  #clearing(): string {
    return CLEAR_LINE + CLEAR_LINE_ABOVE.repeat(Math.max(0, this.#drawnLines - 1))
  }
}
