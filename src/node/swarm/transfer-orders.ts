/** What may be asked of a transfer in which state, and how a second order for it joins the first. */

import { AppError } from '../../base/errors.ts'
import { GLOB_CHARACTERS_MAX, GLOBS_MAX, type GlobGroup, parseGlob } from '../../content/file-globs.ts'
import type { Version } from '../../content/version.ts'
import type { TransferState } from '../service.ts'
import type { TransferOrder, TransferRecord } from './transfer-record.ts'
import type { Priority } from './transfer-slots.ts'

/** Paths that an error names as examples. */
const EXAMPLES_MAX = 3

/** Without a priority: the one that it has, or a normal one. */
export type StartOrder = Omit<TransferOrder, 'priority' | 'isOpened'> & {
  readonly priority: Priority | null
  readonly isOpened?: boolean
}

/** It looks for peers, fetches, or waits for its turn. */
export function isActive(state: TransferState): boolean {
  return state === 'queued' || state === 'waiting' || state === 'fetching'
}

/** Nothing more will happen to it by itself, nor when it is resumed. */
export function isSettled(state: TransferState): boolean {
  return state === 'complete' || state === 'stopped' || state === 'failed'
}

export function settledError({ id, name, state }: TransferRecord, what: string): AppError {
  return new AppError(
    'TRANSFER_SETTLED',
    `the transfer ${id} of ${name} is ${state}: it can not be ${what}; 'peerage get' starts one anew`,
    { details: { transfer: id, state } }
  )
}

/** Throws AppError USAGE for globs that are none. */
export function checkedGroups(only: TransferOrder['only']): GlobGroup[] {
  const count = only.reduce((sum, group) => sum + group.length, 0)
  if (count > GLOBS_MAX)
    throw new AppError('USAGE', `${count} globs choose the files of one transfer, at most ${GLOBS_MAX} can`)
  return only.map(group =>
    group.map(text => {
      const glob = parseGlob(text)
      if (typeof glob === 'object') return glob
      throw new AppError(
        'USAGE',
        `${JSON.stringify(text)} is no glob to choose files by: ${glob}; a glob has 1 to ${GLOB_CHARACTERS_MAX} characters`,
        { details: { glob: text } }
      )
    })
  )
}

/** A second order for a transfer that is under way or paused: all that either of them asks for. */
export function joinedOrder(
  record: TransferRecord,
  asked: {
    readonly only: TransferOrder['only']
    readonly priority: Priority | null
    readonly deadlineAtMs: number | null
  }
): Pick<TransferRecord, 'only' | 'priority' | 'deadlineAtMs'> {
  const priority = asked.priority ?? record.priority
  const deadlineAtMs = asked.deadlineAtMs ?? record.deadlineAtMs
  if (record.only.length === 0 || asked.only.length === 0) return { only: [], priority, deadlineAtMs }
  const groups = new Map([...record.only, ...asked.only].map(group => [JSON.stringify(group), group]))
  const only = [...groups.values()]
  checkedGroups(only)
  return { only, priority, deadlineAtMs }
}

export function nothingSelected(
  { name, ordinal, only }: Pick<TransferOrder, 'name' | 'ordinal' | 'only'>,
  version: Version
): AppError {
  const examples = version.files.slice(0, EXAMPLES_MAX).map(file => file.path.join('/'))
  const globs = only.flat().map(glob => `--only ${JSON.stringify(glob)}`)
  const count = version.files.length
  const counted = count === 1 ? '1 file' : `${count} files`
  return new AppError(
    'NOTHING_SELECTED',
    `no file of ${name}@${ordinal} is chosen by ${globs.join(' ')}: it has ${counted}, ` +
      `as ${examples.join(', ')}. A glob is matched against the whole path, and * does not cross /: write **/*.txt ` +
      'for files at any depth',
    { details: { name, files: count, globs: only.flat() } }
  )
}
