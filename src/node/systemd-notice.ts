/**
 * sd_notify(3): tells systemd when the node is ready, when it stops, and, for units with WatchdogSec, that it still
 * lives. Node has no Unix datagram sockets: systemd's own tool, which is there wherever systemd sets NOTIFY_SOCKET, sends
 * it, so the unit needs NotifyAccess=all. Elsewhere all of this does nothing.
 *
 * The watchdog is fed from the event loop: a loop that hangs feeds nothing, and systemd ends the process.
 */

import { execFile } from 'node:child_process'
import { pid, env as processEnv } from 'node:process'
import type { Logger } from 'pino'

/** How often within the time that the unit gives: one that comes late is still in time. */
const FEEDS_PER_LIMIT = 3
const MICROS_PER_MS = 1000

export interface SystemdNoticeParts {
  readonly log: Pick<Logger, 'warn'>
  /** What systemd told this process. */
  readonly env?: NodeJS.ProcessEnv
  readonly send?: (args: readonly string[], done: (failure: Error | null) => void) => void
}

export class SystemdNotice {
  readonly #log: Pick<Logger, 'warn'>
  readonly #sendArgs: NonNullable<SystemdNoticeParts['send']>
  readonly #isAsked: boolean
  readonly #watchdogMs: number | undefined
  #feeding: NodeJS.Timeout | undefined

  constructor({ log, env = processEnv, send = sendByTool }: SystemdNoticeParts) {
    this.#log = log
    this.#sendArgs = send
    this.#isAsked = Boolean(env.NOTIFY_SOCKET)
    const micros = Number(env.WATCHDOG_USEC)
    const isOurs = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === pid
    this.#watchdogMs = this.#isAsked && isOurs && micros > 0 ? micros / MICROS_PER_MS : undefined
  }

  /** `status` is one line for `systemctl status`. */
  ready(status: string): void {
    this.#send('--ready', `--pid=${pid}`, `--status=${status}`)
    if (this.#watchdogMs === undefined) return
    this.#feeding = setInterval(() => this.#send('WATCHDOG=1'), this.#watchdogMs / FEEDS_PER_LIMIT)
    this.#feeding.unref()
  }

  stopping(): void {
    clearInterval(this.#feeding)
    this.#send('STOPPING=1', '--status=stopping: transfers go on at the next start')
  }

  #send(...args: string[]): void {
    if (!this.#isAsked) return
    this.#sendArgs(args, failure => {
      if (failure !== null) this.#log.warn({ args }, `systemd-notify failed: ${failure.message}`)
    })
  }
}

function sendByTool(args: readonly string[], done: (failure: Error | null) => void): void {
  execFile('systemd-notify', args, done)
}
