/**
 * Branded identifiers. Each is lower-case hex of 32 bytes (a number for PieceIndex), made only by the
 * validating constructors below, so that a value of the type is known to be well formed.
 */

import { assert } from './assert.ts'
import { fromHex, toHex } from './bytes.ts'

declare const brand: unique symbol
type Branded<T, Name extends string> = T & { readonly [brand]: Name }

/** Raw Ed25519 public key of an enrolled device (32 bytes, RFC 8032). */
export type DeviceId = Branded<string, 'DeviceId'>
/** SHA-256 of root.v1, which names the organisation. */
export type OrgId = Branded<string, 'OrgId'>
/** SHA-256 of a BitTorrent v2 info dictionary (BEP 52). */
export type VersionId = Branded<string, 'VersionId'>
/** Root of a file's Merkle tree over 16 KiB leaves (BEP 52 `pieces root`). */
export type PiecesRoot = Branded<string, 'PiecesRoot'>
/** SHA-256 of an encoded ledger operation. */
export type OperationId = Branded<string, 'OperationId'>
/** Position of a piece in a version; v2 pieces never span files. */
export type PieceIndex = Branded<number, 'PieceIndex'>

export const ID_BYTES = 32
const ID_PATTERN = /^[0-9a-f]{64}$/

type HexId = DeviceId | OrgId | VersionId | PiecesRoot | OperationId

function parseId<T extends HexId>(text: string): T | undefined {
  return ID_PATTERN.test(text) ? (text as T) : undefined
}

function idFromBytes<T extends HexId>(bytes: Uint8Array): T {
  assert(bytes.length === ID_BYTES, `an id has ${ID_BYTES} bytes, not ${bytes.length}`)
  return toHex(bytes) as T
}

export const parseDeviceId = (text: string): DeviceId | undefined => parseId(text)
export const parseOrgId = (text: string): OrgId | undefined => parseId(text)
export const parseVersionId = (text: string): VersionId | undefined => parseId(text)
export const parsePiecesRoot = (text: string): PiecesRoot | undefined => parseId(text)
export const parseOperationId = (text: string): OperationId | undefined => parseId(text)

export const deviceIdFromBytes = (bytes: Uint8Array): DeviceId => idFromBytes(bytes)
export const orgIdFromBytes = (bytes: Uint8Array): OrgId => idFromBytes(bytes)
export const versionIdFromBytes = (bytes: Uint8Array): VersionId => idFromBytes(bytes)
export const piecesRootFromBytes = (bytes: Uint8Array): PiecesRoot => idFromBytes(bytes)
export const operationIdFromBytes = (bytes: Uint8Array): OperationId => idFromBytes(bytes)

export function idBytes(id: HexId): Uint8Array {
  const bytes = fromHex(id)
  assert(bytes?.length === ID_BYTES, 'a branded id is hex of 32 bytes')
  return bytes
}

export function pieceIndex(value: number): PieceIndex {
  assert(Number.isSafeInteger(value) && value >= 0, `a piece index is a non-negative integer, not ${value}`)
  return value as PieceIndex
}

/** How much of an id people see; long enough to tell the devices of one org apart. */
export function shortId(id: HexId): string {
  return id.slice(0, 12)
}
