/**
 * A command of the program, run in this process: what a person gets who types it, at a tenth of the price of a
 * process of its own. It reads nothing, sees no terminal, and nobody interrupts it: where that is the question, start
 * the program.
 */

import { homedir, hostname } from 'node:os'
import process from 'node:process'
import type { CliContext, Terminal } from '../src/cli/context.ts'
import { run } from '../src/cli/program.ts'

export interface CommandResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  /** In place of what this process has, or beside it. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string | undefined
}

export async function runHere(
  args: readonly string[],
  { env, cwd }: Surroundings = {}
): Promise<CommandResult> {
  const stdout = new Output()
  const stderr = new Output()
  const context: CliContext = {
    platform: process.platform,
    env: { ...process.env, NO_COLOR: '1', ...env },
    userFolder: homedir(),
    workingFolder: cwd ?? process.cwd(),
    hostName: hostname(),
    ...{ stdout, stderr },
    readStandardInput: async () => '',
    readHiddenLine: undefined,
    openScreen: undefined,
    openFile: undefined,
    loadDaemon: () => import('../src/daemon.ts'),
    catchInterrupt: () => new AbortController().signal,
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now()
  }
  const exitCode = await run(args, context)
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

class Output implements Terminal {
  readonly isTty = false
  readonly columns = undefined
  readonly #written: Buffer[] = []

  write(data: string | Uint8Array): void {
    this.#written.push(Buffer.from(data))
  }

  text(): string {
    return Buffer.concat(this.#written).toString('utf8')
  }
}
