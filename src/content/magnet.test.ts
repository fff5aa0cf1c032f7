import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromUtf8 } from '../base/bytes.ts'
import { parseVersionId, type VersionId } from '../base/ids.ts'
import { fuzz, seeds } from './magnet.fuzz.ts'
import { MAGNET_CHARACTERS_MAX, magnetLink, parseMagnet } from './magnet.ts'

const ID = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e'
const OTHER = 'f'.repeat(64)

function id(text: string): VersionId {
  const versionId = parseVersionId(text)
  assert.ok(versionId)
  return versionId
}

test('the link has the form of BEP 9', () => {
  assert.equal(
    magnetLink({ versionId: id(ID), name: 'bittorrent v2 & test' }),
    `magnet:?xt=urn:btmh:1220${ID}&dn=bittorrent%20v2%20%26%20test`
  )
  assert.equal(magnetLink({ versionId: id(ID) }), `magnet:?xt=urn:btmh:1220${ID}`)
})

test('parsing inverts writing for any name', () => {
  const versionId = fc.stringMatching(/^[0-9a-f]{64}$/).map(id)
  fc.assert(
    fc.property(versionId, fc.string({ unit: 'grapheme' }), (version, name) => {
      assert.deepEqual(parseMagnet(magnetLink({ versionId: version, name })), { versionId: version, name })
    })
  )
})

test('links as other programs write them', () => {
  const hybrid = `magnet:?xt=urn:btih:631a31dd0a46257d5078c0dee4e66e26f73e42ac&xt=urn:btmh:1220${ID}&dn=a+b`
  assert.deepEqual(parseMagnet(hybrid), { versionId: ID, name: 'a b' })
  const shouted = `MAGNET:?dn=x&tr=udp%3A%2F%2Ft&x.pe=10.0.0.1:6881&xt.1=URN:BTMH:1220${ID.toUpperCase()}`
  assert.deepEqual(parseMagnet(shouted), { versionId: ID, name: 'x' })
  assert.deepEqual(parseMagnet(`magnet:?xt=urn%3Abtmh%3A1220${ID}&so=0&`), { versionId: ID })
  assert.deepEqual(parseMagnet(`magnet:?xt=urn:btmh:1220${ID}&xt=urn:btmh:1220${ID}`), { versionId: ID })
})

test('anything else is refused with its reason', () => {
  const cases: [RegExp, string][] = [
    [/does not begin/, ''],
    [/does not begin/, `http:?xt=urn:btmh:1220${ID}`],
    [/no xt/, 'magnet:?'],
    [/no xt/, 'magnet:?xt=urn:btih:631a31dd0a46257d5078c0dee4e66e26f73e42ac'],
    [/no xt/, `magnet:?xtra=urn:btmh:1220${ID}`],
    [/no SHA-256/, `magnet:?xt=urn:btmh:1220${ID}00`],
    [/no SHA-256/, `magnet:?xt=urn:btmh:1114${ID}`],
    [/no SHA-256/, 'magnet:?xt=urn:btmh:'],
    [/not hex/, `magnet:?xt=urn:btmh:1220${ID.replace('c', 'g')}`],
    [/percent/, `magnet:?xt=urn:btmh:1220${ID}&dn=%`],
    [/percent/, `magnet:?xt=urn:btmh:1220${ID}&dn=%ff`],
    [/two versions/, `magnet:?xt=urn:btmh:1220${ID}&xt=urn:btmh:1220${OTHER}`],
    [/characters/, `magnet:?xt=urn:btmh:1220${ID}&dn=${'x'.repeat(MAGNET_CHARACTERS_MAX)}`]
  ]
  for (const [reason, link] of cases) {
    assert.throws(() => parseMagnet(link), { code: 'TORRENT_INVALID', message: reason }, link)
  }
})

test('mutated links keep the rules of the fuzz target', () => {
  for (const seed of seeds) {
    fuzz(seed)
    assert.equal(parseMagnet(fromUtf8(seed) ?? '').versionId, ID)
    for (let i = 0; i < seed.length; i++) {
      for (const byte of [0x00, 0x25, 0x26, 0x2b, 0x3d, 0x61, 0xff]) fuzz(seed.with(i, byte))
    }
  }
})
