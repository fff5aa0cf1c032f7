/**
 * A whole terminal for a live view: the alternate screen, keys as they are pressed, and the terminal as it was before
 * however the program ends, short of kill -9: by a key, by a signal, or by a fault of its own.
 */

import { writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import type { ReadStream, WriteStream } from 'node:tty'

const ESCAPE = '\u001b'
/** Alternate screen, no cursor, no wrapping at the right edge. */
const ENTER = `${ESCAPE}[?1049h${ESCAPE}[?25l${ESCAPE}[?7l${ESCAPE}[2J`
const LEAVE = `${ESCAPE}[?7h${ESCAPE}[?25h${ESCAPE}[?1049l`
/** Terminals that know it show the frame when it is whole; the others ignore it. */
const FRAME_BEGIN = `${ESCAPE}[?2026h${ESCAPE}[H`
const FRAME_END = `${ESCAPE}[J${ESCAPE}[?2026l`
const CLEAR_TO_END_OF_LINE = `${ESCAPE}[K`
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

export interface Screen {
  size(): { readonly columns: number; readonly rows: number }
  draw(lines: readonly string[]): void
  /** Stops the program as Ctrl-Z does, with the terminal as it was; draws nothing until it goes on. */
  suspend(): void
  close(): void
}

export interface ScreenEvents {
  readonly onText: (text: string) => void
  /** The size changed, or the program goes on after it was stopped. */
  readonly onResize: () => void
}

export interface ScreenStreams {
  readonly input: ReadStream
  readonly output: WriteStream & { readonly fd: number }
}

export type OpenScreen = (events: ScreenEvents) => Screen

export function openScreen({ input, output }: ScreenStreams, events: ScreenEvents): Screen {
  const decoder = new StringDecoder('utf8')
  let isOpen = false
  const enter = (): void => {
    if (isOpen) return
    isOpen = true
    input.setRawMode(true)
    input.resume()
    output.write(ENTER)
  }
  /** Synchronous: it is the last thing that some ends of the program allow. */
  const leave = (): void => {
    if (!isOpen) return
    isOpen = false
    try {
      input.setRawMode(false)
      writeSync(output.fd, LEAVE)
    } catch {
      // The terminal is gone, and with it what was to be restored.
    }
  }
  const onData = (bytes: Buffer): void => events.onText(decoder.write(bytes))
  const onResize = (): void => events.onResize()
  const onContinue = (): void => {
    enter()
    events.onResize()
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    close()
    // As it would have ended without us.
    process.kill(process.pid, signal)
  }
  const close = (): void => {
    leave()
    input.pause()
    input.off('data', onData)
    output.off('resize', onResize)
    process.off('SIGCONT', onContinue)
    process.off('exit', leave)
    process.off('uncaughtExceptionMonitor', leave)
    for (const signal of ENDING) process.off(signal, onSignal)
  }
  input.on('data', onData)
  output.on('resize', onResize)
  process.on('SIGCONT', onContinue)
  process.on('exit', leave)
  // Before the fault is printed, so that it can be read.
  process.on('uncaughtExceptionMonitor', leave)
  for (const signal of ENDING) process.on(signal, onSignal)
  enter()
  return {
    size: () => ({ columns: output.columns, rows: output.rows }),
    draw: lines => {
      if (!isOpen || output.writableLength > 0) return // it is slow: the next frame shows what is new
      output.write(FRAME_BEGIN + lines.map(line => line + CLEAR_TO_END_OF_LINE).join('\r\n') + FRAME_END)
    },
    suspend: () => {
      leave()
      process.kill(process.pid, 'SIGSTOP')
    },
    close
  }
}
