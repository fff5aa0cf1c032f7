/**
 * The test vectors of C2SP (CCTV, age) against our reader: each file is opened, or refused where it says so. Of kinds
 * of stanza we have X25519 alone, and no armour; files that need others have to be told from ours, and are.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import * as vectors from 'cctv-age'
import { AppError } from '../src/base/errors.ts'
import { decodeIdentity } from '../src/content/sealing/age-x25519.ts'
import { openPayload } from '../src/content/sealing/payload.ts'
import { PAYLOAD_NONCE_BYTES } from '../src/content/sealing/payload-layout.ts'
import { openEnvelope } from '../src/store/sealing/envelope.ts'
import { aead, hkdf } from '../src/store/sealing/openssl-ciphers.ts'
import { X25519Key } from '../src/store/sealing/x25519.ts'

interface Vector {
  readonly name: string
  readonly expect: string
  readonly payload: string | undefined
  readonly identities: readonly X25519Key[]
  readonly isArmoured: boolean
  readonly file: Uint8Array
}

function vectorOf(name: string, bytes: Uint8Array): Vector {
  const end = Buffer.from(bytes).indexOf('\n\n')
  const lines = Buffer.from(bytes.subarray(0, end)).toString().split('\n')
  const all = (key: string): string[] =>
    lines.flatMap(line => (line.startsWith(`${key}: `) ? [line.slice(key.length + 2)] : []))
  const rest = bytes.subarray(end + 2)
  return {
    ...{ name, expect: all('expect')[0] ?? '', payload: all('payload')[0] },
    identities: all('identity').flatMap(text => {
      const secret = decodeIdentity(text)
      return secret === undefined ? [] : [new X25519Key(secret)]
    }),
    isArmoured: all('armored').length > 0,
    file: all('compressed').length > 0 ? new Uint8Array(inflateSync(rest)) : rest
  }
}

type Outcome = 'success' | 'no match' | 'header failure' | 'HMAC failure' | 'payload failure'

function opened({ file, identities, payload }: Vector): Outcome {
  let envelope: ReturnType<typeof openEnvelope>
  try {
    envelope = openEnvelope(file, identities)
  } catch (thrown) {
    assert.ok(thrown instanceof AppError && thrown.code === 'SEALED_INVALID')
    return thrown.message.includes('its MAC is wrong') ? 'HMAC failure' : 'header failure'
  }
  if (envelope.outcome === 'no-identity') return 'no match'
  const rest = file.subarray(envelope.header.endOffset)
  const { plaintext, fault } = openPayload(rest, envelope.fileKey, { hkdf, aead })
  // The nonce before the payload counts as part of the header there.
  if (rest.length < PAYLOAD_NONCE_BYTES) return 'header failure'
  if (fault !== undefined || plaintext === undefined) return 'payload failure'
  assert.equal(createHash('sha256').update(plaintext).digest('hex'), payload)
  return 'success'
}

test('every vector that is ours to read comes out as it should', () => {
  const all = Object.entries(vectors).flatMap(([name, bytes]) =>
    bytes instanceof Uint8Array ? [vectorOf(name, bytes)] : []
  )
  const counts = new Map<string, number>()
  for (const vector of all) {
    if (vector.isArmoured || vector.identities.length === 0) continue
    assert.equal(opened(vector), vector.expect, vector.name)
    counts.set(vector.expect, (counts.get(vector.expect) ?? 0) + 1)
  }
  for (const outcome of ['success', 'no match', 'header failure', 'HMAC failure', 'payload failure'])
    assert.ok((counts.get(outcome) ?? 0) > 0, outcome)
  assert.ok([...counts.values()].reduce((sum, count) => sum + count, 0) > 60)
})
