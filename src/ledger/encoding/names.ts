/**
 * The names that people type: datasets, and the labels of orgs, sites and devices.
 *
 * A dataset name is one to several segments joined by `/`. A segment is of a-z 0-9 . _ - and neither starts with
 * punctuation nor ends in a dot, so a name is safe in a URL, a shell, a file name and a log, has one spelling
 * only, and leaves `@` free to introduce a version.
 *
 * A label is free text in any script, but one line, trimmed, in Unicode's NFC form and without the invisible
 * characters that make one name look like another.
 */

import { parseVersionId, type VersionId } from '../../base/ids.ts'
import { bytes, integer, nullable, type Shape, text, where } from './shape.ts'

export const DATASET_NAME_CHARACTERS_MAX = 128
export const LABEL_CHARACTERS_MAX = 64
export const ADDRESS_CHARACTERS_MAX = 256
export const ADDRESSES_MAX = 16
/** A version id's prefix is at least this long, so that it is never taken for an ordinal. */
export const VERSION_PREFIX_CHARACTERS_MIN = 8

const SEGMENT = '[a-z0-9](?:[a-z0-9._-]*[a-z0-9_-])?'
const DATASET_NAME = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`)
/** Controls, line separators, bidirectional and zero-width marks, and the byte-order mark. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u
const ADDRESS = /^\/[\x21-\x7e]+$/
const ORDINAL = /^[1-9][0-9]{0,6}$/
const VERSION_PREFIX = new RegExp(`^[0-9a-f]{${VERSION_PREFIX_CHARACTERS_MIN},64}$`)

export const DATASET_CLASSES = ['public', 'internal', 'confidential', 'restricted'] as const
export type DatasetClass = (typeof DATASET_CLASSES)[number]

export const DEVICE_KINDS = ['server', 'desktop', 'laptop'] as const
export type DeviceKind = (typeof DEVICE_KINDS)[number]

export function isDatasetName(name: string): boolean {
  return name.length <= DATASET_NAME_CHARACTERS_MAX && DATASET_NAME.test(name)
}

/** Whether `label` may name an org, a site or a device. */
export function isLabel(label: string): boolean {
  return isVisibleLine(label, LABEL_CHARACTERS_MAX)
}

/** One line that reads as it is: not empty, trimmed, NFC, nothing invisible, at most so many UTF-16 code units. */
export function isVisibleLine(line: string, charactersMax: number): boolean {
  return (
    line.length >= 1 &&
    line.length <= charactersMax &&
    line.isWellFormed() &&
    line.trim() === line &&
    line.normalize('NFC') === line &&
    !INVISIBLE.test(line)
  )
}

/** Whether `address` can be a multiaddr's text; its meaning is the transport's. */
export function isAddress(address: string): boolean {
  return address.length <= ADDRESS_CHARACTERS_MAX && ADDRESS.test(address)
}

export type VersionSelector =
  | { readonly kind: 'latest' }
  | { readonly kind: 'ordinal'; readonly ordinal: number }
  | { readonly kind: 'prefix'; readonly prefix: string }

export interface DatasetReference {
  readonly name: string
  readonly selector: VersionSelector
}

/** Parses NAME or NAME@VERSION, where VERSION is an ordinal or at least the start of a version id in hex. */
export function parseDatasetReference(reference: string): DatasetReference | undefined {
  const at = reference.indexOf('@')
  const name = at < 0 ? reference : reference.slice(0, at)
  if (!isDatasetName(name)) return undefined
  if (at < 0) return { name, selector: { kind: 'latest' } }
  const version = reference.slice(at + 1)
  if (ORDINAL.test(version)) return { name, selector: { kind: 'ordinal', ordinal: Number(version) } }
  if (VERSION_PREFIX.test(version)) return { name, selector: { kind: 'prefix', prefix: version } }
  return undefined
}

/** A version id given in full, as opposed to a prefix of one. */
export function fullVersionId(selector: VersionSelector): VersionId | undefined {
  return selector.kind === 'prefix' ? parseVersionId(selector.prefix) : undefined
}

// Shapes that several records share.

export const key: Shape<Uint8Array> = bytes(32)
export const hash: Shape<Uint8Array> = bytes(32)
export const label: Shape<string> = where(text(LABEL_CHARACTERS_MAX), isLabel, 'a label')
export const address: Shape<string> = where(text(ADDRESS_CHARACTERS_MAX), isAddress, 'an address')
/** Milliseconds since the Unix epoch. */
export const timeMs: Shape<number> = integer(0)
export const timeMsOrNull: Shape<number | null> = nullable(timeMs)
