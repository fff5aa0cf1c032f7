/**
 * What each call is about, as the audit log has it: by the declaration of its route (api/route-objects.ts), once its
 * input was found to be in order. A device goes by its id, whatever it was called: names of devices are in no log, and
 * can be given anew.
 *
 * What was malformed, or is not there, is nothing to name: the log would keep any text that somebody sends.
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

  async note(request: FastifyRequest, { kind, id }: CallObject): Promise<void> {
    const known = kind === 'device' ? await this.#deviceNamed(id) : id
    if (known !== null && isCallObject({ kind, id: known })) this.#noted.set(request, { kind, id: known })
  }

  of(request: FastifyRequest, { statusCode }: FastifyReply): NamedObject {
    const noted = STATUS_NAMELESS.includes(statusCode) ? undefined : this.#noted.get(request)
    return noted === undefined ? NOTHING : { kind: noted.kind, object: noted.id }
  }
}
