/**
 * Whether an org is in order once nothing happens to it any more, by its disks and by what was noted outside of it:
 *
 * - all know the same, and what anybody signed and was told so is known;
 * - what was acknowledged is kept by its policy, as all say, and read back byte for byte;
 * - what was erased is confirmed by all that are there, and no byte of it is found with any of them;
 * - what the ledger says of copies is true of the disks, and what lies in a vault is in the ledger;
 * - no plain byte of what is sealed lies in the home of who may not read it.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../src/base/errors.ts'
import type { OperationId } from '../src/base/ids.ts'
import { copiesOf } from '../src/ledger/fold/copies.ts'
import { isActive } from '../src/node/swarm/transfer-orders.ts'
import { type AckLog, filesBelow, holdersOf, isIntact, type Put, vaultOf, withMarker } from './ack-log.ts'
import type { FaultyNode, FaultyOrg } from './faulty-org.ts'
import { eventually } from './org-in-process.ts'

const QUIET_MS_MAX = 75_000

/** Something that was signed, and whoever asked was told so. */
export interface Signed {
  readonly by: FaultyNode
  readonly operation: OperationId
  readonly what: string
}

export class OrgJudge {
  readonly signed: Signed[] = []
  readonly cases: { readonly id: string; readonly put: Put }[] = []
  /** Whose home was set back, or lost, with what only they knew. */
  readonly forgetful = new Set<FaultyNode>()
  readonly #org: FaultyOrg
  readonly #log: AckLog
  /** What went wrong before, which is the reason then. */
  readonly #failure: () => unknown

  constructor(org: FaultyOrg, log: AckLog, failure: () => unknown = () => undefined) {
    this.#org = org
    this.#log = log
    this.#failure = failure
  }

  /** Waits until nobody has anything to do. */
  async settles(when: string): Promise<void> {
    let last = ''
    const isDone = async (): Promise<boolean> => {
      last = await this.#unsettled()
      return last === ''
    }
    try {
      await eventually(`all is settled ${when}`, isDone, QUIET_MS_MAX)
    } catch (thrown) {
      throw this.#failure() ?? new Error(`it does not settle ${when}: ${last}`, { cause: thrown })
    }
  }

  /** What is still to be done; empty for nothing. */
  async #unsettled(): Promise<string> {
    await delay(100)
    const { active } = this.#org
    for (const put of this.#log.kept) {
      const { name, version } = put
      for (const node of active) {
        const { isSafe, says } = await node.as(({ service }) =>
          service.storage.versionStorage({ name, version })
        )
        if (!isSafe) return `${name} as ${node.name} sees it: ${says}`
      }
      if (holdersOf(put, active).length < put.copies) return `${name} has too few copies`
    }
    for (const node of active)
      for (const { destination, state, version } of node.as(({ node: { desk } }) => desk.views())) {
        const put = this.#log.kept.find(each => each.version === version)
        // What was never acknowledged may be fetched for ever.
        if (put !== undefined && isActive(state) && destination.startsWith(node.home))
          return `${node.name} fetches ${put.name}`
      }
    for (const node of active) {
      const said = this.#untrue(node)
      if (said !== undefined) return said
    }
    return await this.#unconfirmed()
  }

  /** Where the words of a device about its copies and its disk differ. */
  #untrue(node: FaultyNode): string | undefined {
    for (const put of this.#log.puts) {
      const says = node.as(({ node: { keeper } }) => copiesOf(keeper.state(), put.version))
      const isSaid = says.some(({ device }) => device === node.device)
      const isThere = filesBelow(vaultOf(put, node)).length > 0
      // What is being taken away nobody reads, so nobody notices either.
      const isUnnoticed = put.isEnding && put.doubtful.has(node)
      if (isSaid && !isIntact(put, node) && !isUnnoticed)
        return `${node.name} says that it has ${put.name}, and it has it not`
      const isOwed = put.isAcknowledged && !put.isEnding
      if (!isSaid && isThere && isOwed) return `${node.name} has ${put.name} and does not say so`
    }
    return undefined
  }

  async #unconfirmed(): Promise<string> {
    const { active } = this.#org
    const [office] = active
    if (office === undefined) return ''
    for (const { id, put } of this.cases) {
      const isKnown = active.every(each =>
        each.as(({ node: { keeper } }) =>
          [...keeper.state().erasures.values()].some(e => e.version === put.version)
        )
      )
      if (!isKnown) continue // its only author lost it; judged elsewhere
      for (const node of active)
        await node.as(({ service }) => service.erasures.finish({ id, deleteSource: true, gone: true }))
      const { devices } = await office.as(({ service }) => service.erasures.case(id))
      for (const node of active) {
        const state = devices.find(({ device }) => device === node.device)?.state
        if (state !== 'confirmed') return `the erasure of ${put.name} is ${state} on ${node.name}`
      }
    }
    return ''
  }

  judge(): void {
    const { active, nodes } = this.#org
    this.#log.look(nodes)
    for (const { by, operation, what } of this.signed)
      if (!this.forgetful.has(by))
        for (const node of active)
          assert.ok(
            node.as(({ node: { keeper } }) => keeper.ledger.verdict(operation)) !== undefined,
            `${what} is known to ${node.name}`
          )
    for (const { put } of this.cases) {
      if (!active.every(node => this.#isErased(put, node))) continue
      for (const node of active)
        for (const folder of node.folders)
          assert.deepEqual(this.#found(put, node, folder), [], `${put.name} was erased from ${node.name}`)
    }
    for (const put of this.#log.puts)
      if (put.isSealed)
        for (const node of active.filter(each => each !== put.publisher))
          assert.deepEqual(withMarker(node.home, put.marker), [], `${put.name} is sealed; ${node.name}`)
  }

  /** A source that was sealed is not what was erased, and one that somebody brought back is its owner's. */
  #found(put: Put, node: FaultyNode, folder: string): string[] {
    const isOwners = put.isSealed || this.forgetful.has(node)
    return withMarker(folder, put.marker).filter(path => !(isOwners && path.startsWith('source-')))
  }

  #isErased({ version }: Put, node: FaultyNode): boolean {
    const { erasures = [] } = node.as(({ node: { keeper } }) => keeper.state().content.get(version)) ?? {}
    return erasures.length > 0
  }

  async readBack(pick: (nodes: readonly FaultyNode[]) => FaultyNode | undefined): Promise<void> {
    for (const put of this.#log.kept) {
      const reader = put.isSealed ? put.publisher : pick(this.#org.active)
      if (reader === undefined || reader.state !== 'up') continue
      const destination = join(reader.files, `read-${put.version.slice(0, 12)}`)
      const id = await fetchTo(put, reader, destination)
      await eventually(`${put.name} is read back by ${reader.name}`, async () => {
        const { state, problem } = await reader.as(({ service }) => service.transfer(id))
        assert.notEqual(state, 'failed', problem?.message)
        return state === 'complete'
      })
      for (const [path, bytes] of put.plain)
        assert.ok(readFileSync(join(destination, path)).equals(bytes), `${put.name}: ${path} as it was put`)
    }
    for (const put of this.#log.puts.filter(each =>
      this.#org.active.every(node => this.#isErased(each, node))
    ))
      for (const node of this.#org.active)
        await assert.rejects(fetchTo(put, node, join(node.files, 'never')), AppError)
  }
}

/** Has a node fetch a version, and returns the id of the transfer. */
export async function fetchTo(
  { name, version }: Put,
  node: FaultyNode,
  destination: string
): Promise<string> {
  const order = { name, version, destination, purpose: null, priority: null, only: [] }
  return (await node.as(({ service }) => service.startTransfer(order))).id
}
