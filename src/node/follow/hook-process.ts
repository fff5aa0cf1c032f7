/**
 * Runs the hook of a follow: a process of its own, in a group of its own, with a bounded time and bounded output.
 *
 * The owner of the node wrote the command; what others wrote (the ledger) reaches it by its environment alone and is
 * never part of a line that a shell reads.
 */

import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { messageOf } from '../../base/errors.ts'
import { KIB, SECOND_MS } from '../../base/units.ts'
import type { Log } from '../log.ts'
import type { FollowedVersion, Hook, HookRun, SwitchReason } from './follow-terms.ts'

/** What of the output goes to the log, and how long a line of it may be. */
const LOGGED_BYTES_MAX = 64 * KIB
const LINE_CHARACTERS_MAX = 1 * KIB
/** What is kept of its end. */
const KEPT_CHARACTERS = 2 * KIB
/** From asking it to end to ending it. */
const GRACE_MS = 2 * SECOND_MS
/** A child that it left behind may hold its output open. */
const OUTPUT_LINGER_MS = SECOND_MS

export interface HookTask {
  readonly hook: Hook
  readonly timeoutMs: number
  readonly dataset: string
  readonly destination: string
  readonly to: FollowedVersion
  readonly reason: SwitchReason
  /** Folder of the version itself, which stays when the destination goes on. */
  readonly versionPath: string
  readonly previousPath: string | null
  readonly log: Log
  /** The node stops: the hook is ended, and runs again at the next start. */
  readonly signal: AbortSignal
}

export function hookEnvironment(
  task: Omit<HookTask, 'hook' | 'log' | 'signal' | 'timeoutMs'>
): Record<string, string> {
  return {
    PEERAGE_DATASET: task.dataset,
    PEERAGE_VERSION: task.to.version,
    PEERAGE_ORDINAL: String(task.to.ordinal),
    PEERAGE_PATH: task.destination,
    PEERAGE_VERSION_PATH: task.versionPath,
    PEERAGE_PREVIOUS_PATH: task.previousPath ?? '',
    PEERAGE_REASON: task.reason
  }
}

function commandOf(hook: Hook): { readonly program: string; readonly args: readonly string[] } {
  if (hook.kind === 'program') {
    const [program = '', ...args] = hook.argv
    return { program, args }
  }
  return process.platform === 'win32'
    ? { program: process.env.ComSpec ?? 'cmd.exe', args: ['/d', '/s', '/c', hook.command] }
    : { program: '/bin/sh', args: ['-c', hook.command] }
}

/** Collects what a process prints: lines for the log up to a limit, and the end of it all. */
class HookOutput {
  readonly #log: (line: string) => void
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  readonly #pending = { stdout: '', stderr: '' }
  #logged = 0
  end = ''

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  take(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    const text = this.#decoders[stream].write(bytes)
    this.end = (this.end + text).slice(-KEPT_CHARACTERS)
    if (this.#logged > LOGGED_BYTES_MAX) return
    const lines = (this.#pending[stream] + text).split('\n')
    this.#pending[stream] = (lines.pop() ?? '').slice(0, LINE_CHARACTERS_MAX)
    for (const line of lines) this.#line(line)
  }

  close(): void {
    for (const stream of ['stdout', 'stderr'] as const)
      if (this.#pending[stream] !== '') this.#line(this.#pending[stream])
  }

  #line(line: string): void {
    if (this.#logged > LOGGED_BYTES_MAX) return
    this.#logged += Buffer.byteLength(line) + 1
    this.#log(
      this.#logged > LOGGED_BYTES_MAX
        ? 'the hook prints more; the rest is not logged'
        : line.slice(0, LINE_CHARACTERS_MAX)
    )
  }
}

type Outcome = Pick<HookRun, 'exitCode' | 'signal' | 'timedOut' | 'fault'>

/** Undefined when it was ended because the node stops. Never rejects: what goes wrong is part of the run. */
export async function runHook(task: HookTask): Promise<HookRun | undefined> {
  const { log, signal, destination, to, reason } = task
  const startedAtMs = Date.now()
  const output = new HookOutput(line => log.info({ follow: destination }, `hook: ${line}`))
  let outcome: Outcome
  try {
    outcome = await watch(start(task), { task, output })
  } catch (thrown) {
    outcome = { exitCode: null, signal: null, timedOut: false, fault: messageOf(thrown) }
  }
  if (signal.aborted && outcome.exitCode !== 0) return undefined
  return { ordinal: to.ordinal, reason, startedAtMs, endedAtMs: Date.now(), ...outcome, output: output.end }
}

type HookChild = ReturnType<typeof start>

function start(task: HookTask) {
  const { program, args } = commandOf(task.hook)
  return spawn(program, [...args], {
    cwd: dirname(task.destination),
    env: { ...process.env, ...hookEnvironment(task) },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it started ends with it.
    detached: process.platform !== 'win32'
  })
}

function watch(child: HookChild, { task, output }: { task: HookTask; output: HookOutput }): Promise<Outcome> {
  const { signal, timeoutMs } = task
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  let timedOut = false
  let last: NodeJS.Timeout | undefined
  const end = (): void => {
    killGroup(child.pid, 'SIGTERM')
    last ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), GRACE_MS)
  }
  const timer = setTimeout(() => {
    timedOut = true
    end()
  }, timeoutMs)
  signal.addEventListener('abort', end)
  child.stdout.on('data', (bytes: Buffer) => output.take('stdout', bytes))
  child.stderr.on('data', (bytes: Buffer) => output.take('stderr', bytes))
  const settle = (how: Omit<Outcome, 'timedOut'>): void => {
    clearTimeout(timer)
    clearTimeout(last)
    signal.removeEventListener('abort', end)
    output.close()
    resolve({ ...how, timedOut })
  }
  child.once('error', thrown => settle({ exitCode: null, signal: null, fault: messageOf(thrown) }))
  child.once('exit', (exitCode, ended) => {
    if (timedOut || signal.aborted) killGroup(child.pid, 'SIGKILL')
    const linger = setTimeout(() => {
      child.stdout.destroy()
      child.stderr.destroy()
    }, OUTPUT_LINGER_MS)
    child.once('close', () => {
      clearTimeout(linger)
      settle({ exitCode, signal: ended, fault: null })
    })
  })
  if (signal.aborted) end()
  return promise
}

function killGroup(pid: number | undefined, how: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, how)
  } catch {
    // It has ended, and so has all that it started.
  }
}

export function succeeded(run: HookRun): boolean {
  return run.exitCode === 0 && !run.timedOut
}

/** Why it counts as failed, for people. */
export function faultOf(run: HookRun): string {
  if (run.fault !== null) return `its hook could not be started: ${run.fault}`
  if (run.timedOut)
    return `its hook was ended after ${Math.round((run.endedAtMs - run.startedAtMs) / SECOND_MS)} s`
  return run.signal === null
    ? `its hook ended with exit code ${run.exitCode}`
    : `its hook was ended by ${run.signal}`
}
