/**
 * Magnet links of BitTorrent v2 (BEP 9): `xt=urn:btmh:` with the version's id as a multihash, and `dn` with the
 * name. A hybrid's `btih` topic, trackers and peers are read over: members find each other by other means.
 */

import { fromHex } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { parseVersionId, type VersionId } from '../base/ids.ts'
import { KIB } from '../base/units.ts'

export const MAGNET_CHARACTERS_MAX = 16 * KIB
const SCHEME = 'magnet:?'
const TOPIC = 'urn:btmh:'
/** Multihash prefix: SHA-256, and its length. */
const SHA256_PREFIX = '1220'
const TOPIC_KEY = /^xt(\.\d+)?$/

export interface Magnet {
  readonly versionId: VersionId
  readonly name?: string | undefined
}

export function magnetLink(magnet: Magnet): string {
  const name = magnet.name === undefined ? '' : `&dn=${encodeURIComponent(magnet.name)}`
  return `${SCHEME}xt=${TOPIC}${SHA256_PREFIX}${magnet.versionId}${name}`
}

/** Reads a magnet link; throws AppError TORRENT_INVALID. */
export function parseMagnet(link: string): Magnet {
  if (link.length > MAGNET_CHARACTERS_MAX) {
    throw invalid(`it has ${link.length} characters, more than ${MAGNET_CHARACTERS_MAX}`)
  }
  if (link.slice(0, SCHEME.length).toLowerCase() !== SCHEME) throw invalid(`it does not begin with ${SCHEME}`)
  let versionId: VersionId | undefined
  let name: string | undefined
  for (const parameter of link.slice(SCHEME.length).split('&')) {
    const [key, value] = splitParameter(parameter)
    if (key === 'dn') name ??= decode(value)
    if (!TOPIC_KEY.test(key)) continue
    const topic = decode(value)
    if (topic.slice(0, TOPIC.length).toLowerCase() !== TOPIC) continue
    const found = versionIdOf(topic.slice(TOPIC.length))
    if (versionId !== undefined && versionId !== found) throw invalid('it names two versions')
    versionId = found
  }
  if (versionId === undefined) throw invalid(`it has no xt=${TOPIC}, the topic of BitTorrent v2`)
  return name === undefined ? { versionId } : { versionId, name }
}

function versionIdOf(multihash: string): VersionId {
  const id = multihash.toLowerCase()
  const versionId = id.startsWith(SHA256_PREFIX) ? parseVersionId(id.slice(SHA256_PREFIX.length)) : undefined
  if (fromHex(multihash) === undefined) throw invalid('its topic is not hex')
  if (versionId === undefined) throw invalid('its topic is no SHA-256 multihash')
  return versionId
}

function splitParameter(parameter: string): [string, string] {
  const at = parameter.indexOf('=')
  return at < 0 ? [parameter, ''] : [parameter.slice(0, at), parameter.slice(at + 1)]
}

/** Forms write a space as a plus sign, and so do many magnet links. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalid('it has a bad percent encoding')
  }
}

function invalid(reason: string): AppError {
  return new AppError('TORRENT_INVALID', `can not read a magnet link: ${reason}; copy it whole again`, {
    details: { reason }
  })
}
