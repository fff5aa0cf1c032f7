/** What commands that have this device sign something share: their options, and what they say afterwards. */

import { Option } from 'commander'
import { z } from 'zod'
import { type Acted, REASON_CHARACTERS_MAX, TERM_MAX_MS } from '../api/governance.ts'
import { shortId } from '../base/ids.ts'
import { DAY_MS } from '../base/units.ts'
import { duration } from './command.ts'
import { type Paint, plural, printable } from './text.ts'

export { named } from '../base/words.ts'

/** What is done, and to how many it was told. */
export function renderActed(acted: Acted, paint: Paint): string[] {
  const { operation, says, inForce, waitsFor, peersTold, warnings } = acted
  const told =
    peersTold === 0
      ? 'no other device is connected; it is sent when one is'
      : `sent to ${plural(peersTold, 'connected device')}`
  const force = inForce ? paint('green', 'in force') : paint('yellow', 'no effect yet')
  return [
    `this device ${printable(says)}`,
    `operation ${shortId(operation)}: ${force}, ${told}`,
    ...(waitsFor === null ? [] : [`waits: ${printable(waitsFor)}`]),
    ...(inForce ? [] : [`an admin approves it with: peerage approve ${shortId(operation)}`]),
    ...warnings.map(warning => paint('yellow', `note: ${printable(warning)}`))
  ]
}

export const reasonOption = (): Option =>
  new Option('--reason <text>', `why, for who reads the ledger; at most ${REASON_CHARACTERS_MAX} characters`)

export const reason = z
  .string()
  .min(1, 'write a reason')
  .max(REASON_CHARACTERS_MAX, `write at most ${REASON_CHARACTERS_MAX} characters`)

export const expiresOption = (what: string): Option =>
  new Option('--expires <duration>', `how long ${what} lasts, such as 30d (default: without an end)`)

export const term = duration.refine(ms => ms <= TERM_MAX_MS, `write at most ${TERM_MAX_MS / DAY_MS}d`)

/** A name of a device, or the beginning of its id. */
export const deviceReference = z
  .string()
  .min(1, 'write the name of a device, or at least eight digits of its id')
