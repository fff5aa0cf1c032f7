/**
 * What a browser keeps of a sign-in that is under way, in a cookie that only this node can read and make: AES-256-GCM
 * under a key in memory. So strangers who begin one take no memory of the node, and none is finished in another browser
 * than it was begun in.
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from 'zod'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SEALED_CHARACTERS_MAX = 2048

const attempt = z.strictObject({
  state: z.string().min(1),
  nonce: z.string().min(1),
  verifier: z.string().min(1),
  issuer: z.string().min(1),
  endsAtMs: z.int(),
  /** Whether the person is to prove anew who they are. */
  isAgain: z.boolean(),
  /** The session that this browser has by then; its cookie does not come along from the provider. */
  earlier: z.string().nullable()
})

export type Attempt = z.output<typeof attempt>

export class AttemptSeal {
  readonly #key = randomBytes(KEY_BYTES)

  seal(value: Attempt): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce)
    const sealed = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')
  }

  /** Undefined for what this node did not seal. */
  open(text: string): Attempt | undefined {
    if (text.length > SEALED_CHARACTERS_MAX) return undefined
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES
    })
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    try {
      const opened = Buffer.concat([
        decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
        decipher.final()
      ])
      return attempt.parse(JSON.parse(opened.toString('utf8')))
    } catch {
      return undefined // not ours, or of an earlier run of this node
    }
  }
}
