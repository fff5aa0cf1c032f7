#!/usr/bin/env node
/** The entry of the program: gives the process to the commands, and nothing else. */

import { homedir, hostname } from 'node:os'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { ERROR_CODES } from '../base/error-codes.ts'
import { systemCodeOf } from '../base/errors.ts'
import { openerOf } from './browser.ts'
import type { CliContext, Terminal } from './context.ts'
import { readHiddenLine } from './hidden-line.ts'
import { run } from './program.ts'
import { openScreen } from './top/terminal-screen.ts'

/** How long what a command left open may keep the process. */
const LINGER_MS = 100

function terminal(stream: NodeJS.WriteStream): Terminal {
  stream.on('error', error => {
    // The reader of a pipe has what it wanted, as in `peerage datasets | head -1`.
    if (systemCodeOf(error) === 'EPIPE') process.exit()
    throw error
  })
  return {
    write: data => void stream.write(data),
    isTty: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns : undefined
    }
  }
}

function catchInterrupt(): AbortSignal {
  const interrupt = new AbortController()
  process.on('SIGINT', () => {
    if (interrupt.signal.aborted) process.exit(ERROR_CODES.INTERRUPTED.exitCode)
    interrupt.abort()
  })
  return interrupt.signal
}

function userFolder(): string | undefined {
  try {
    return homedir()
  } catch {
    return undefined
  }
}

const stderr = terminal(process.stderr)

const context: CliContext = {
  platform: process.platform,
  env: process.env,
  userFolder: userFolder(),
  workingFolder: process.cwd(),
  hostName: hostname(),
  stdout: terminal(process.stdout),
  stderr,
  readStandardInput: () => text(process.stdin),
  readHiddenLine: process.stdin.isTTY
    ? prompt => readHiddenLine({ input: process.stdin, output: stderr, prompt })
    : undefined,
  openScreen:
    process.stdin.isTTY && process.stdout.isTTY
      ? events => openScreen({ input: process.stdin, output: process.stdout }, events)
      : undefined,
  openFile: openerOf(process),
  loadDaemon: () => import('../daemon.ts'),
  catchInterrupt,
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now()
}

process.exitCode = await run(process.argv.slice(2), context)
// Only once the output is out: a pipe may be slower than we are.
process.stdout.write('', () => setTimeout(() => process.exit(), LINGER_MS).unref())
