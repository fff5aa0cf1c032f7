/**
 * Which provider signs people in to this node: `sign-in.json` of the home, with the key under which persons have their
 * names in the audit log. The key stays when the provider is changed, so that persons keep their names; it goes with
 * `unset`, and then nobody can tell any more whom earlier names meant.
 *
 * Only the owner on the local socket changes it: it decides who may do what, so whoever could change it could do all.
 */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Provider, provider } from '../../api/sign-in.ts'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { writePrivateFile } from '../../node/keys/private-file.ts'
import { type Caller, requireOwner } from '../http/caller.ts'
import { personId } from './person.ts'

const FILE = 'sign-in.json'
const KEY_BYTES = 32

const file = z.strictObject({
  v: z.literal(1),
  provider,
  personKey: z.string().regex(/^[0-9a-f]{64}$/)
})

type Settings = z.output<typeof file>

export class ProviderSettings {
  readonly #path: string
  #settings: Settings | undefined

  constructor(home: string) {
    this.#path = join(home, FILE)
    this.#settings = readSettings(this.#path)
  }

  get provider(): Provider | undefined {
    return this.#settings?.provider
  }

  /** Throws where none is set up. */
  require(): Provider {
    if (this.#settings !== undefined) return this.#settings.provider
    throw new AppError(
      'SIGN_IN_UNSET',
      'no provider signs people in to this node; peerage signin set names one, and peerage console lets its owner in'
    )
  }

  async set(chosen: Provider, by: Caller): Promise<void> {
    requireSetter(by)
    const personKey = this.#settings?.personKey ?? randomBytes(KEY_BYTES).toString('hex')
    const settings: Settings = { v: 1, provider: chosen, personKey }
    await writePrivateFile(this.#path, `${JSON.stringify(settings, null, 2)}\n`, 'replace')
    this.#settings = settings
  }

  async unset(by: Caller): Promise<void> {
    requireSetter(by)
    this.require()
    await rm(this.#path, { force: true })
    this.#settings = undefined
  }

  /** What the audit log calls a person of the provider. */
  personId(subject: string): string {
    const { issuer } = this.require()
    return personId(Buffer.from(this.#settings?.personKey ?? '', 'hex'), { issuer, subject })
  }
}

export function requireSetter(by: Caller): void {
  requireOwner(by, 'say who signs people in: run peerage signin on the machine of the node')
}

function readSettings(path: string): Settings | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined
    throw new AppError('HOME_CORRUPT', `can not read ${path}: ${messageOf(cause)}`, {
      details: { path },
      cause
    })
  }
  try {
    return file.parse(JSON.parse(text))
  } catch (cause) {
    throw new AppError(
      'HOME_CORRUPT',
      `${path} does not hold how people sign in to this node (${messageOf(cause)}); remove it and run peerage signin set`,
      { details: { path }, cause }
    )
  }
}
