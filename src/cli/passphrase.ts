/**
 * Where a passphrase comes from: the file that an option names, else the file that PEERAGE_PASSPHRASE_FILE names, else
 * the terminal. Never from the command line itself, which every user of the machine can read.
 */

import { type FileHandle, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Option } from 'commander'
import { fromUtf8 } from '../base/bytes.ts'
import { AppError, messageOf } from '../base/errors.ts'
import type { CliContext } from './context.ts'

export const PASSPHRASE_VARIABLE = 'PEERAGE_PASSPHRASE_FILE'
const PASSPHRASE_OPTION = '--passphrase-file'
const FILE_BYTES_MAX = 4096

export interface PassphraseSource {
  /** The value of the option. */
  readonly file: string | undefined
  readonly option: string
  /** Whether PEERAGE_PASSPHRASE_FILE may name the file. */
  readonly environment: boolean
  readonly prompt: string
  /** Ask twice on a terminal: a new passphrase that was mistyped opens nothing. */
  readonly repeat: boolean
}

/** The option of every command that opens or makes a key file. */
export function passphraseOption({ of = 'the passphrase', each = '' } = {}): Option {
  const from = each === '' ? 'the one line of this file' : 'this file'
  const otherwise = `default: ${PASSPHRASE_VARIABLE}, else ask${each}`
  return new Option(`${PASSPHRASE_OPTION} <file>`, `read ${of} from ${from} (${otherwise})`)
}

/** The passphrase of a key file: from the file that the option or the environment names, else asked for. */
export async function readKeyPassphrase(
  context: CliContext,
  {
    file,
    prompt = 'passphrase',
    repeat = false
  }: Partial<Pick<PassphraseSource, 'file' | 'prompt' | 'repeat'>>
): Promise<string> {
  const option = PASSPHRASE_OPTION
  return await readPassphrase(context, { file, option, environment: true, prompt, repeat })
}

/** AppError USAGE, INTERRUPTED or PASSPHRASE_MISSING. */
export async function readPassphrase(context: CliContext, source: PassphraseSource): Promise<string> {
  const file = source.file ?? ((source.environment && context.env[PASSPHRASE_VARIABLE]) || undefined)
  if (file !== undefined) return await readPassphraseFile(resolve(context.workingFolder, file))
  const { readHiddenLine } = context
  if (readHiddenLine === undefined) {
    const variable = source.environment ? ` or ${PASSPHRASE_VARIABLE}` : ''
    throw new AppError(
      'PASSPHRASE_MISSING',
      `there is no terminal to ask for a passphrase; name a file with ${source.option}${variable}`
    )
  }
  const passphrase = await readHiddenLine(`${source.prompt}: `)
  if (source.repeat && (await readHiddenLine(`${source.prompt}, again: `)) !== passphrase)
    throw new AppError('USAGE', 'the two passphrases differ; nothing was changed')
  return passphrase
}

/** The one line of a file, without its end. */
async function readPassphraseFile(path: string): Promise<string> {
  const missing = (why: string, cause?: unknown) =>
    new AppError('PASSPHRASE_MISSING', `can not take a passphrase from ${path}: ${why}`, {
      details: { path },
      cause
    })
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const { bytesRead, buffer } = await file.read(new Uint8Array(FILE_BYTES_MAX + 1))
    const text = fromUtf8(buffer.subarray(0, bytesRead))?.replace(/\r?\n$/, '')
    if (bytesRead > FILE_BYTES_MAX || text === undefined || /[\r\n]/.test(text))
      throw missing(`it is not one line of text of at most ${FILE_BYTES_MAX} bytes`)
    return text
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : missing(messageOf(thrown), thrown)
  } finally {
    await file?.close()
  }
}
