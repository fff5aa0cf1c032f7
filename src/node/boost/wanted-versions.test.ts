/** What is wanted and who holds it, by a ledger that is folded for real. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceId, idBytes, type VersionId } from '../../base/ids.ts'
import { HOUR_MS } from '../../base/units.ts'
import { type Actor, type Cast, cast, meet } from '../../ledger/fold/governance-fixture.conformance.ts'
import { versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import { DemandBook, WANTED_WINDOW_MS } from './demand-book.ts'
import { type HeardSwarm, openVersion, type WantedTerms, wantedVersions } from './wanted-versions.ts'

const FILM = versionNamed('film')
const SILENCE: HeardSwarm = {
  ...{ versions: () => [], wants: () => false, peers: () => [], past: () => new Map() }
}

/** The laptop published a film; laptop and desktop are no servers, the admins are. */
function scene(): Cast & { readonly book: DemandBook } {
  const all = cast()
  all.admin.update(all.keys.laptop)
  all.admin.update(all.keys.desktop)
  all.laptop.publish('film', 'film')
  meet(all.admin, all.second, all.laptop, all.desktop)
  return { ...all, book: new DemandBook() }
}

function seenBy(self: Actor, book: DemandBook, changes: Partial<WantedTerms> = {}) {
  const nowMs = self.nowMs
  return wantedVersions({
    ...{ self: self.id, state: self.ledger.state(), book, swarm: SILENCE, nowMs },
    ...{ held: new Set(), present: new Set(), rates: new Map(), mayHold: () => true },
    siteOf: device => (device === self.id ? 'paris' : 'berlin'),
    ...changes
  })
}

const sitesOf = (self: Actor, book: DemandBook, changes: Partial<WantedTerms> = {}) =>
  seenBy(self, book, changes).map(({ wanted }) => Object.fromEntries(wanted))
const holdersOf = (self: Actor, book: DemandBook, changes: Partial<WantedTerms> = {}) =>
  seenBy(self, book, changes).flatMap(({ holders }) => holders.map(({ id }) => id))
const asks = (book: DemandBook, { id }: Actor, nowMs: number, version = FILM) =>
  book.note(id, idBytes(version), nowMs)

test('who asked lately wants it, and is told of by its site alone', () => {
  const { admin, desktop, book } = scene()
  assert.deepEqual(seenBy(admin, book), [])
  asks(book, desktop, admin.nowMs - WANTED_WINDOW_MS)
  assert.deepEqual(sitesOf(admin, book), [{ berlin: 1 }])
  assert.deepEqual(sitesOf(admin, book, { nowMs: admin.nowMs + 1 }), [])
  assert.deepEqual(sitesOf(admin, book, { mayHold: () => false }), [])
})

test('a server that asks is about to hold, and wants nothing', () => {
  const { admin, second, laptop, desktop, book } = scene()
  asks(book, second, admin.nowMs - HOUR_MS)
  assert.deepEqual(seenBy(admin, book), [])
  asks(book, desktop, admin.nowMs)
  assert.deepEqual(holdersOf(admin, book).sort(), [laptop.id, second.id].sort())
})

test('streams say more than what was asked for: who is complete holds', () => {
  const { admin, laptop, desktop, book } = scene()
  asks(book, desktop, admin.nowMs)
  const peer = (isComplete: boolean, isSatisfied: boolean) => ({
    swarm: {
      ...{ ...SILENCE, versions: () => [FILM] },
      peers: () => [{ device: desktop.id, isComplete, isSatisfied }]
    }
  })
  assert.deepEqual(sitesOf(admin, book, peer(false, false)), [{ berlin: 1 }])
  assert.deepEqual(sitesOf(admin, book, peer(true, true)), [])
  assert.deepEqual(sitesOf(admin, book, peer(false, true)), [], 'it has what it wants of it')
  const past = new Map<DeviceId, { haveCount: number; isComplete: boolean; atMs: number }>([
    [desktop.id, { haveCount: 3, isComplete: true, atMs: 0 }]
  ])
  assert.deepEqual(sitesOf(admin, book, { swarm: { ...SILENCE, past: () => past } }), [])
  assert.deepEqual(holdersOf(admin, book), [laptop.id])
})

test('this device counts as well: what it wants, and what it has', () => {
  const { admin, laptop, desktop, book } = scene()
  const swarm: HeardSwarm = { ...SILENCE, versions: () => [FILM], wants: () => true }
  assert.deepEqual(sitesOf(desktop, book, { swarm }), [{ paris: 1 }])
  asks(book, desktop, admin.nowMs)
  assert.deepEqual(holdersOf(admin, book, { swarm }).sort(), [admin.id, laptop.id].sort())
  assert.deepEqual(
    holdersOf(admin, book, { held: new Set<VersionId>([FILM]) }).sort(),
    [admin.id, laptop.id].sort()
  )
})

test('what is withdrawn is boosted nowhere, and a rule says where else', () => {
  const { admin, desktop, book } = scene()
  asks(book, desktop, admin.nowMs)
  const policyNow = () => seenBy(admin, book)[0]?.unit.policy
  assert.deepEqual([policyNow()?.regions, policyNow()?.kinds], [[], []])
  admin.write({
    ...{ type: 'dataset.storage', name: 'film', copies: 1, sites: 1, regions: ['eu'], kinds: ['server'] },
    ...{ shares: null, retentionMs: null }
  })
  assert.deepEqual([policyNow()?.regions, policyNow()?.kinds], [['eu'], ['server']])
  admin.write({ type: 'content.quarantine', version: FILM, reason: 'malware' })
  assert.deepEqual(seenBy(admin, book), [])
  assert.equal(openVersion(admin.ledger.state(), FILM, admin.nowMs), undefined)
})
