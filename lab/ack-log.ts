/**
 * What an org was seen to promise, kept outside of it, and what lies on its disks: nothing here asks the code under
 * test. A copy is intact when every file of it lies in a vault with the bytes that were put, under its own name or
 * that of a part file.
 *
 * Of what was acknowledged as safe the number of intact copies may never fall below what the policy asks for, on all
 * disks that are not lost, by what the org itself does. What the test destroys it says; then the number may be lower by
 * that, until it was as high again.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCodeOf } from '../src/base/errors.ts'
import type { VersionId } from '../src/base/ids.ts'
import type { EraseRequest } from '../src/node/erasure/erasure-terms.ts'
import { absolute, partOf } from '../src/store/safe-files.ts'
import type { FaultyNode } from './faulty-org.ts'

export interface Put {
  readonly name: string
  readonly version: VersionId
  readonly publisher: FaultyNode
  readonly source: string
  readonly marker: string
  readonly isSealed: boolean
  readonly copies: number
  readonly sites: number
  /** What is read, by path. */
  readonly plain: ReadonlyMap<string, Buffer>
  /** What lies in vaults, by path: hashes. */
  readonly stored: ReadonlyMap<string, string>
  /** It was said to be safe. */
  isAcknowledged: boolean
  /** Somebody began to take it away; what the ledger says then counts. */
  isEnding: boolean
  /** Copies that there were, and have to be, since the test last destroyed some. */
  floor: number
  /**
   * Whose copy the test damaged and nobody has noticed yet: whoever has one too many may let go of it, as proofs are of
   * some blocks only.
   */
  readonly doubtful: Set<FaultyNode>
  /** Who had it, each time that was others than before. */
  readonly seen: string[]
}

/** What is looked for on disks. */
type Stored = Pick<Put, 'version' | 'stored'>

export class AckLog {
  readonly puts: Put[] = []

  /** Something was published that is to be kept, and nothing is promised of it yet. */
  begin(put: Omit<Put, 'isAcknowledged' | 'isEnding' | 'floor' | 'doubtful' | 'seen'>): Put {
    const begun: Put = {
      ...put,
      isAcknowledged: false,
      isEnding: false,
      floor: 0,
      doubtful: new Set(),
      seen: []
    }
    this.puts.push(begun)
    return begun
  }

  /** Those that have to be there. */
  get kept(): readonly Put[] {
    return this.puts.filter(({ isAcknowledged, isEnding }) => isAcknowledged && !isEnding)
  }

  acknowledge(put: Put, nodes: readonly FaultyNode[]): void {
    put.isAcknowledged = true
    put.floor = put.copies
    const holders = holdersOf(put, nodes)
    put.seen.push(namesOf(holders))
    const sites = new Set(holders.map(({ site }) => site))
    const says = `${put.name} is on ${namesOf(holders)}`
    assert.ok(holders.length >= put.copies, `said to be safe with ${put.copies} copies: ${says}`)
    assert.ok(sites.size >= put.sites, `said to be safe on ${put.sites} sites: ${says}`)
  }

  /** Looks at the disks: call it often. */
  look(nodes: readonly FaultyNode[]): void {
    for (const put of this.kept) {
      const holders = holdersOf(put, nodes)
      const names = namesOf(holders)
      if (put.seen.at(-1) !== names) put.seen.push(names)
      const says = `${put.name} ${put.version.slice(0, 8)} is intact on ${put.seen.join(', then ')}`
      assert.ok(
        holders.length >= put.floor,
        `${says}; there were ${put.floor}, and nothing was destroyed since`
      )
      for (const node of put.doubtful)
        if (holders.includes(node) || !existsSync(vaultOf(put, node))) put.doubtful.delete(node)
      put.floor = Math.max(put.floor, owed(put, holders))
    }
  }

  /** The test destroys something on a disk. */
  destroying<T>(nodes: readonly FaultyNode[], work: () => T): T {
    this.look(nodes)
    const before = new Map(this.kept.map(put => [put, holdersOf(put, nodes)]))
    const result = work()
    for (const [put, holders] of before)
      for (const node of holders)
        if (node.state !== 'lost' && existsSync(vaultOf(put, node)) && !isIntact(put, node))
          put.doubtful.add(node)
    this.destroyed(nodes)
    return result
  }

  /** It did. */
  destroyed(nodes: readonly FaultyNode[]): void {
    for (const put of this.kept) put.floor = Math.min(put.floor, owed(put, holdersOf(put, nodes)))
  }

  /** Whether all that is kept would still have an intact copy without this one's disk. */
  canDoWithout(node: FaultyNode, nodes: readonly FaultyNode[]): boolean {
    return this.kept.every(put => holdersOf(put, nodes).some(holder => holder !== node))
  }
}

/** Copies that have to stay: of those that are believed in as many as were asked for, without the damaged ones. */
function owed({ copies, doubtful }: Put, holders: readonly FaultyNode[]): number {
  return Math.max(0, Math.min(copies, holders.length + doubtful.size) - doubtful.size)
}

export function holdersOf(put: Stored, nodes: readonly FaultyNode[]): FaultyNode[] {
  return nodes.filter(node => node.state !== 'lost' && isIntact(put, node))
}

/** That all of it is to be deleted, its source included. */
export function erasureOf({ name, version }: Pick<Put, 'name' | 'version'>): EraseRequest {
  const what = { name, version, allVersions: false, subject: null }
  return { ...what, reason: null, basis: 'art17', deleteSource: true }
}

export function vaultOf({ version }: Pick<Put, 'version'>, node: FaultyNode): string {
  return join(node.disk, 'vault', version)
}

export function isIntact(put: Stored, node: FaultyNode): boolean {
  if (!existsSync(vaultOf(put, node))) return false
  for (const [path, hash] of put.stored)
    if (!placesOf(put, node, path).some(place => hashAt(place) === hash)) return false
  return true
}

/** A file of it opened for writing, wherever it lies now; undefined when it lies nowhere. */
export function openedIn(put: Put, node: FaultyNode, path: string): number | undefined {
  for (const place of placesOf(put, node, path))
    try {
      return openSync(place, 'r+')
    } catch (thrown) {
      if (systemCodeOf(thrown) !== 'ENOENT') throw thrown
    }
  return undefined
}

/** A file that is looked at again has its part name for a while, and may get either while somebody looks for it. */
function placesOf(put: Stored, node: FaultyNode, path: string): string[] {
  const final = { base: vaultOf(put, node), path }
  return [final, partOf(final), final].map(absolute)
}

/** What a node is about to be is said of those that are not up. */
function namesOf(holders: readonly FaultyNode[]): string {
  return holders.map(({ name, state }) => (state === 'up' ? name : `${name} (${state})`)).join(' ')
}

function hashAt(path: string): string | undefined {
  try {
    return sha256Of(readFileSync(path))
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The regular files below a folder, by their paths in it. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path =>
    lstatSync(join(folder, path), { throwIfNoEntry: false })?.isFile()
  )
}

/** The hashes of those files. */
export function hashesBelow(folder: string): Map<string, string> {
  return new Map(filesBelow(folder).map(path => [path, sha256Of(readFileSync(join(folder, path)))]))
}

/** The hashes of what a node holds of a version that it has published: of what was sealed, of its objects. */
export function publishedHashes(node: FaultyNode, version: VersionId): Map<string, string> {
  const held = node.as(({ node: { store } }) => store.holdings().find(each => each.version.id === version))
  assert.ok(held !== undefined, 'what was published is held')
  return hashesBelow(held.root)
}

/** Where a marker is found below a folder, in a name or in any byte of a file. */
export function withMarker(folder: string, marker: string): string[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter(name => {
    if (name.includes(marker)) return true
    const path = join(folder, name)
    return lstatSync(path).isFile() && readFileSync(path).includes(marker)
  })
}
