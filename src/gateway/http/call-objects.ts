/**
 * What each call is about, as the audit log has it: by the declaration of its route (api/route-objects.ts), once its
 * input was found to be in order. A device goes by its id, whatever it was called: names of devices are in no log, and
 * can be given anew.
 *
 * What was malformed, or is not there, or was not made, is nothing to name: the log would keep any text that somebody
 * sends.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CallObject } from '../../api/route-objects.ts'
import type { DeviceId } from '../../base/ids.ts'
import { isCallObject } from '../../node/audit/caller-name.ts'

const NOTHING = { kind: null, object: null }
const STATUS_NAMELESS: readonly number[] = [400, 404]

/** As an entry of the audit log has it. */
export interface NamedObject {
  readonly kind: string | null
  readonly object: string | null
}

export class CallObjects {
  readonly #deviceNamed: (text: string) => Promise<DeviceId | null>
  readonly #noted = new WeakMap<FastifyRequest, CallObject>()

  /** `deviceNamed` tells which device of the org is called so; null for none, or several. */
  constructor(deviceNamed: (text: string) => Promise<DeviceId | null>) {
    this.#deviceNamed = deviceNamed
  }

  async note(request: FastifyRequest, object: CallObject): Promise<void> {
    const id = object.kind === 'device' ? await this.#deviceNamed(object.id) : object.id
    if (id !== null && isCallObject({ ...object, id })) this.#noted.set(request, { ...object, id })
  }

  of(request: FastifyRequest, { statusCode }: FastifyReply): NamedObject {
    const noted = this.#noted.get(request)
    const isNameless = STATUS_NAMELESS.includes(statusCode) || (noted?.isNew === true && statusCode >= 400)
    return noted === undefined || isNameless ? NOTHING : { kind: noted.kind, object: noted.id }
  }
}
