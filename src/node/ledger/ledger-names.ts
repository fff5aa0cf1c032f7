/**
 * What people call the things of the ledger, both ways: from a name or the beginning of an id to the one thing that
 * is meant, and back to words. What fits several is refused with the ids to choose from: acting on the wrong device is
 * worse than not acting.
 */

import type { ErrorCode } from '../../base/error-codes.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, type OperationId, parseOperationId, shortId } from '../../base/ids.ts'
import { didYouMean } from '../../base/near-names.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import type { Grantee } from '../../ledger/operation/operation-content.ts'
import { inWords, type OperationNames } from '../../ledger/operation/operation-words.ts'
import type { DeviceName } from '../keys/device-name.ts'
import { isSharedNameOf } from '../keys/shared-names.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'

/** Less of an id is no more than a guess. */
export const ID_PREFIX_CHARACTERS_MIN = 8
const ID_PREFIX = new RegExp(`^[0-9a-f]{${ID_PREFIX_CHARACTERS_MIN},64}$`)
const CHOICES_MAX = 5
const GROUP_PREFIX = 'group:'

export function isIdPrefix(text: string): boolean {
  return ID_PREFIX.test(text)
}

interface Meant<T> {
  readonly text: string
  readonly what: string
  readonly code: ErrorCode
  readonly hint: string
  readonly matches: readonly T[]
  readonly show: (match: T) => string
  /** Names of which one may have been meant. */
  readonly names?: () => readonly string[]
}

export class LedgerNames implements OperationNames {
  readonly #keeper: LedgerKeeper
  readonly #nameOf: (device: DeviceId) => DeviceName

  constructor(keeper: LedgerKeeper, nameOf: (device: DeviceId) => DeviceName) {
    this.#keeper = keeper
    this.#nameOf = nameOf
  }

  nameOf(device: DeviceId): DeviceName {
    return this.#nameOf(device)
  }

  device(device: DeviceId): string {
    return this.#nameOf(device).name ?? shortId(device)
  }

  group(group: OperationId): string {
    return this.#keeper.state().groups.get(group)?.name ?? shortId(group)
  }

  says(operation: Operation): string {
    const { content, type } = operation
    return content === undefined ? `is of type ${type}, which can not be read here` : inWords(content, this)
  }

  /** AppError DEVICE_UNKNOWN. */
  findDevice(text: string): DeviceId {
    const devices = [...this.#keeper.state().devices.keys()]
    const meant = devices.filter(
      device => this.#nameOf(device).name === text || (isIdPrefix(text) && device.startsWith(text))
    )
    return only({
      ...{ text, what: 'device', code: 'DEVICE_UNKNOWN', hint: 'peerage device list shows names and ids' },
      matches:
        meant.length > 0
          ? meant
          : devices.filter(device => isSharedNameOf(device, this.#nameOf(device).name ?? '', text)),
      show: device => `${this.device(device)} (${shortId(device)})`,
      names: () => devices.flatMap(device => this.#nameOf(device).name ?? [])
    })
  }

  /** AppError GROUP_UNKNOWN. */
  findGroup(text: string): OperationId {
    const groups = [...this.#keeper.state().groups.values()]
    const { operation } = only({
      ...{ text, what: 'group', code: 'GROUP_UNKNOWN', hint: 'peerage group list shows them' },
      matches: groups.filter(
        ({ name, operation: id }) => name === text || (isIdPrefix(text) && id.startsWith(text))
      ),
      show: ({ name, operation: id }) => `${name} (${shortId(id)})`,
      names: () => groups.map(({ name }) => name)
    })
    return operation
  }

  /** A device, or `group:` and a group. */
  findGrantee(text: string): Grantee {
    return text.startsWith(GROUP_PREFIX)
      ? { kind: 'group', group: this.findGroup(text.slice(GROUP_PREFIX.length)) }
      : { kind: 'device', device: this.findDevice(text) }
  }

  /** AppError OPERATION_UNKNOWN. */
  findOperation(text: string): Operation {
    const matches = isIdPrefix(text) ? this.#startingWith(text) : []
    return only({
      ...{ text, what: 'operation', code: 'OPERATION_UNKNOWN', hint: 'peerage ledger lists their ids' },
      matches,
      show: ({ id }) => shortId(id)
    })
  }

  /** AppError INVITE_UNKNOWN. */
  findInvite(text: string): OperationId {
    const invites = [...this.#keeper.state().invites.keys()]
    return only({
      ...{ text, what: 'invite', code: 'INVITE_UNKNOWN', hint: 'peerage invites lists their ids' },
      matches: isIdPrefix(text) ? invites.filter(id => id.startsWith(text)) : [],
      show: id => shortId(id)
    })
  }

  /** AppError OPERATION_UNKNOWN. */
  findHold(text: string): OperationId {
    const holds = [...this.#keeper.state().holds].flatMap(([name, placed]) =>
      placed.map(({ operation: id }) => ({ name, id }))
    )
    const { id } = only({
      ...{ text, what: 'hold', code: 'OPERATION_UNKNOWN', hint: 'peerage hold list shows their ids' },
      matches: isIdPrefix(text) ? holds.filter(hold => hold.id.startsWith(text)) : [],
      show: hold => `${hold.name} (${shortId(hold.id)})`
    })
    return id
  }

  #startingWith(prefix: string): Operation[] {
    const whole = parseOperationId(prefix)
    const named = whole && this.#keeper.ledger.get(whole)
    if (named !== undefined) return [named]
    const matches: Operation[] = []
    for (const operation of this.#keeper.ledger.operations())
      if (operation.id.startsWith(prefix)) matches.push(operation)
    return matches
  }
}

function only<T>({ text, what, code, hint, matches, show, names }: Meant<T>): T {
  const [match, ...others] = matches
  if (match !== undefined && others.length === 0) return match
  const shown = matches.slice(0, CHOICES_MAX).map(show)
  const message =
    match === undefined
      ? `no ${what} ${JSON.stringify(text)} is known here; name it in full, or by at least ${ID_PREFIX_CHARACTERS_MIN} digits of its id; ${hint}${didYouMean(text, names?.() ?? [])}`
      : `${JSON.stringify(text)} is ${matches.length} ${what}s: ${shown.join(', ')}; give more of the id`
  throw new AppError(code, message, { details: { [what]: text, matches: matches.length } })
}
