/**
 * Reads a line from a terminal without showing it. The terminal is in raw mode meanwhile, so this does what it would
 * have done: erase, kill the line, end of input, and Ctrl-C, which ends the command with the terminal as it was.
 */

import { StringDecoder } from 'node:string_decoder'
import { AppError } from '../base/errors.ts'
import type { Terminal } from './context.ts'

const LINE_CHARACTERS_MAX = 4096
const ENTER = new Set(['\r', '\n'])
const ERASE = new Set(['\u007f', '\b'])
const KILL = '\u0015'
const INTERRUPT = '\u0003'
const END_OF_INPUT = '\u0004'

/** What is used of a terminal's input, a tty.ReadStream. */
export interface HiddenInput {
  setRawMode(raw: boolean): unknown
  resume(): unknown
  pause(): unknown
  on(event: 'data', listener: (chunk: Uint8Array | string) => void): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'data', listener: (chunk: Uint8Array | string) => void): unknown
  off(event: 'end', listener: () => void): unknown
}

/** AppError INTERRUPTED on Ctrl-C, PASSPHRASE_MISSING at the end of input before a line. */
export async function readHiddenLine(options: {
  readonly input: HiddenInput
  readonly output: Terminal
  readonly prompt: string
}): Promise<string> {
  const { input, output, prompt } = options
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const decoder = new StringDecoder('utf8')
  let line: string[] = []
  const onEnd = (): void =>
    reject(new AppError('PASSPHRASE_MISSING', 'the terminal ended before a passphrase was given'))
  const onCharacter = (character: string): void => {
    if (ENTER.has(character)) resolve(line.join(''))
    else if (character === INTERRUPT) reject(new AppError('INTERRUPTED', 'interrupted; nothing was changed'))
    else if (character === END_OF_INPUT) onEnd()
    else if (ERASE.has(character)) line = line.slice(0, -1)
    else if (character === KILL) line = []
    else if (character >= ' ' && line.length < LINE_CHARACTERS_MAX) line.push(character)
  }
  const onData = (chunk: Uint8Array | string): void => {
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk)
    for (const character of text) onCharacter(character)
  }
  // Before the prompt, or what is typed as soon as that is read would be shown.
  input.setRawMode(true)
  try {
    output.write(prompt)
    input.on('data', onData)
    input.on('end', onEnd)
    input.resume()
    return await promise
  } finally {
    input.off('data', onData)
    input.off('end', onEnd)
    input.setRawMode(false)
    input.pause()
    output.write('\n')
  }
}
