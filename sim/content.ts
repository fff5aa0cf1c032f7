/** What simulated devices distribute: real Merkle trees over made-up bytes. */

import { versionIdFromBytes } from '../src/base/ids.ts'
import { pieceBytesFor } from '../src/content/piece-length.ts'
import { type Fixture, madeUpBytes, makeVersion, sha256 } from '../src/swarm/swarm-fixture.conformance.ts'

export type Content = Fixture

/** About what an info dictionary says of the version, and of each file. */
const INFO_BYTES = 150
const INFO_FILE_BYTES = 95

export function makeContent(fileBytes: readonly number[], pieceBytes?: number): Content {
  const totalBytes = fileBytes.reduce((sum, bytes) => sum + bytes, 0)
  const made = makeVersion(fileBytes, pieceBytes ?? pieceBytesFor(totalBytes))
  const infoBytes = madeUpBytes(INFO_BYTES + INFO_FILE_BYTES * fileBytes.length, totalBytes)
  return { ...made, version: { ...made.version, infoBytes, id: versionIdFromBytes(sha256(infoBytes)) } }
}

/** Compares at the speed of memory. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}
