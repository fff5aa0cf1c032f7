/**
 * What a command may know and touch of the process that it runs in. `main.ts` makes the real one; everything
 * else takes it as an argument, so that commands run in tests as they do in a terminal.
 */

import type { Daemon } from '../daemon.ts'
import type { OpenFile } from './browser.ts'
import type { HomeSources } from './home.ts'
import type { OpenScreen } from './top/terminal-screen.ts'

export interface Terminal {
  write(data: string | Uint8Array): void
  readonly isTty: boolean
  /** Width in characters; undefined when it is not a terminal. */
  readonly columns: number | undefined
}

export interface CliContext extends HomeSources {
  readonly hostName: string
  /** Results. */
  readonly stdout: Terminal
  /** Progress, notes and errors. */
  readonly stderr: Terminal
  readStandardInput(): Promise<string>
  /** Asks on the terminal without showing what is typed; undefined when there is none. */
  readonly readHiddenLine: ((prompt: string) => Promise<string>) | undefined
  /** Takes over the terminal for a live view; undefined when there is none to type on and to see it on. */
  readonly openScreen: OpenScreen | undefined
  /** Opens a file as the desktop does; undefined when there is none. */
  readonly openFile: OpenFile | undefined
  /** Loaded only by the commands that need a node in this process: it is the slow part of a start. */
  loadDaemon(): Promise<Daemon>
  /** Takes over Ctrl-C: the signal fires at the first, the second ends the process. */
  catchInterrupt(): AbortSignal
  nowMs(): number
  /** Never goes back; for measuring. */
  monotonicMs(): number
}
