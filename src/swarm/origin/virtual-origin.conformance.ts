/**
 * An HTTP origin in virtual time: one uplink that serves its requests in turns, block by block, over the WAN link of
 * the site that asks. It counts what it sends, and can be off, or send garbage.
 */

import type { SimNetwork, SimNode } from '../swarm-network.conformance.ts'
import { BLOCK_BYTES, type BlockRange } from '../wire-messages.ts'

interface Request {
  readonly node: SimNode
  readonly piece: number
  at: number
  readonly end: number
}

export class VirtualOrigin {
  readonly #network: SimNetwork
  readonly #bytesPerMs: number
  readonly #latencyMs: number
  #turns: Request[] = []
  #isBusy = false
  #isOn = true
  readonly #users = new Set<SimNode>()
  /** Flips a bit in what it sends. */
  isGarbage = false
  /** Whether the .torrent lies beside it. */
  hasTorrent = true
  sentBytes = 0
  descriptions = 0
  /** What it sent of each piece, in bytes. */
  readonly sentOf = new Map<number, number>()
  /** When it sent something, in ms. */
  readonly sentAtMs: number[] = []

  constructor(network: SimNetwork, init: { readonly bytesPerMs: number; readonly latencyMs?: number }) {
    this.#network = network
    this.#bytesPerMs = init.bytesPerMs
    this.#latencyMs = init.latencyMs ?? 5
  }

  /** Lets nodes ask it. */
  serve(...nodes: readonly SimNode[]): void {
    for (const node of nodes) {
      this.#users.add(node)
      node.origin = this
      node.post({ type: 'originReady', isReady: this.#isOn })
    }
  }

  turn(isOn: boolean): void {
    this.#isOn = isOn
    const broken = this.#turns
    this.#turns = []
    for (const node of this.#users) node.post({ type: 'originReady', isReady: isOn })
    for (const { node, piece } of broken) node.post({ type: 'originEnded', piece })
  }

  fetch(node: SimNode, { piece, begin, length }: BlockRange): void {
    const { time } = this.#network
    time.at(time.nowMs + 2 * this.#latencyMs, () => {
      if (!this.#isOn) node.post({ type: 'originEnded', piece })
      else this.#turns.push({ node, piece, at: begin, end: begin + length })
      this.#pump()
    })
  }

  cancel(node: SimNode, piece: number): void {
    this.#turns = this.#turns.filter(request => request.node !== node || request.piece !== piece)
  }

  describe(node: SimNode): void {
    const { time } = this.#network
    time.at(time.nowMs + 4 * this.#latencyMs, () => {
      if (this.#isOn) this.descriptions++
      node.describe(this.#isOn && this.hasTorrent)
    })
  }

  #pump(): void {
    const request = this.#turns.shift()
    if (this.#isBusy || request === undefined) {
      if (request !== undefined) this.#turns.unshift(request)
      return
    }
    this.#isBusy = true
    const { node, piece, at } = request
    const bytes = Math.min(BLOCK_BYTES, request.end - at)
    request.at += bytes
    if (request.at < request.end) this.#turns.push(request)
    this.sentBytes += bytes
    this.sentOf.set(piece, (this.sentOf.get(piece) ?? 0) + bytes)
    const { time } = this.#network
    this.sentAtMs.push(time.nowMs)
    time.at(time.nowMs + bytes / this.#bytesPerMs, () => {
      this.#isBusy = false
      const into = this.#network.wans.get(node.site)
      const soonMs = time.nowMs + this.#latencyMs
      const cameMs = into?.takeDown(bytes, soonMs) ?? soonMs
      time.at(cameMs, () =>
        time.at(node.takeDown(bytes, time.nowMs), () => {
          const block = node.init.fixture.piece(piece).slice(at, at + bytes)
          if (this.isGarbage) block[0] = (block[0] ?? 0) ^ 1
          node.receiveOrigin(piece, at, block)
        })
      )
      this.#pump()
    })
  }
}
