/**
 * Holds our verification of signatures against the test vectors of others, which are not kept here:
 *
 *   node lab/ed25519-vectors.ts ed25519_test.json ed25519vectors.json
 *
 * The first is C2SP/wycheproof's testvectors_v1/ed25519_test.json: malleable, truncated and badly encoded signatures.
 * The second is C2SP/CCTV's ed25519/ed25519vectors.json: every edge case of the two points, the key and R. What is right
 * for those no standard says; we verify without the cofactor and refuse points of small order, however encoded, so
 * accepted is exactly what has no flag but that of a component of small order.
 */

import { readFileSync } from 'node:fs'
import { argv, exit } from 'node:process'
import { fromHex, utf8 } from '../src/base/bytes.ts'
import { deviceIdFromBytes } from '../src/base/ids.ts'
import { verifySignature } from '../src/node/keys/device-key.ts'

interface WycheproofFile {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly {
      readonly tcId: number
      readonly msg: string
      readonly sig: string
      readonly result: string
    }[]
  }[]
}

interface CctvVector {
  readonly number: number
  readonly key: string
  readonly sig: string
  readonly msg: string
  readonly flags: readonly string[] | null
}

interface Vector {
  readonly name: string
  readonly key: string
  readonly message: Uint8Array
  readonly signature: string
  readonly isValid: boolean
}

const HARMLESS_FLAGS = ['low_order_component_A', 'low_order_component_R']

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes === undefined) throw new Error(`a vector is not hex: ${hex}`)
  return bytes
}

function vectorsOf(path: string): Vector[] {
  const content = JSON.parse(readFileSync(path, 'utf8')) as WycheproofFile | readonly CctvVector[]
  if (!('testGroups' in content))
    return content.map(({ number, key, sig, msg, flags }) => ({
      name: `CCTV ${number}`,
      key,
      message: utf8(msg),
      signature: sig,
      isValid: (flags ?? []).every(flag => HARMLESS_FLAGS.includes(flag))
    }))
  return content.testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ tcId, msg, sig, result }) => ({
      name: `Wycheproof ${tcId}`,
      key: publicKey.pk,
      message: bytesOf(msg),
      signature: sig,
      isValid: result === 'valid'
    }))
  )
}

const paths = argv.slice(2)
if (paths.length === 0) {
  console.error('name the files with the vectors; the head of this file says where they are')
  exit(64)
}
let wrong = 0
for (const path of paths) {
  const vectors = vectorsOf(path)
  for (const { name, key, message, signature, isValid } of vectors) {
    const accepted = verifySignature(deviceIdFromBytes(bytesOf(key)), message, bytesOf(signature))
    if (accepted === isValid) continue
    wrong++
    console.error(`${name}: ${accepted ? 'accepted' : 'refused'}, and should not be`)
  }
  const valid = vectors.filter(({ isValid }) => isValid).length
  console.log(`${path}: ${vectors.length} vectors, ${valid} of them to be accepted`)
}
console.log(wrong === 0 ? 'all as they should be' : `${wrong} are wrong`)
exit(wrong === 0 ? 0 : 1)
