/** Fuzz target of the manifest of an exported folder: what decodes is written again to the same manifest. */

import { assert } from '../../base/assert.ts'
import { utf8 } from '../../base/bytes.ts'
import { deviceIdFromBytes } from '../../base/ids.ts'
import { decodeManifest, encodeManifest } from './export-manifest.ts'

const device = deviceIdFromBytes(new Uint8Array(32).fill(2))
const manifest = {
  org: '01'.repeat(32),
  exportedBy: device,
  atMs: 1_800_000_000_000,
  logs: [
    { device, incarnation: 1_800_000_000_000, entries: 120, dropped: null },
    { device, incarnation: 1_800_000_000_001, entries: 7, dropped: { beforeMs: 1, atMs: 2 } }
  ],
  missing: [{ device: { device, name: 'lab-7', site: null }, reason: 'not connected' }]
}

export const seeds: Uint8Array[] = [
  encodeManifest(manifest),
  utf8('{"v":2}'),
  utf8('{"v":1,"org":"","exportedBy":"","atMs":0,"logs":[],"missing":[]}')
]

export function fuzz(input: Uint8Array): void {
  const decoded = decodeManifest(input)
  if (!decoded.ok) return
  const written = encodeManifest(decoded.value)
  const again = decodeManifest(written)
  assert(again.ok, 'what we write we read')
  assert(
    new TextDecoder().decode(encodeManifest(again.value)) === new TextDecoder().decode(written),
    'the same'
  )
}
