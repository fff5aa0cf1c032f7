/** The process between the ends of links (wan-relay.py): it delays, and loses, and counts what it lost. */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { LineProcess } from './line-process.ts'

const PROGRAM = new URL('wan-relay.py', import.meta.url).pathname
const PYTHON = '/usr/bin/python3'

/** What a relay does to all its links, each way. */
export interface Relaying {
  readonly delayMs: number
  /** The share of IP packets that is lost, from 0 to 1. */
  readonly loss: number
  /** The same seed loses the same packets of each direction, counted from the first. */
  readonly seed: number
}

export interface RelayCount {
  readonly carriedPackets: number
  readonly lostPackets: number
}

export function isRelayed({ delayMs, loss }: Relaying): boolean {
  return delayMs > 0 || loss > 0
}

/** Parses the answer of the relay. */
export function parseRelayCount(line: string): RelayCount {
  const match = /^(\d+) (\d+)$/.exec(line)
  if (match === null) throw new Error(`the relay of links answers "${line}", which is no count`)
  return { carriedPackets: Number(match[1]), lostPackets: Number(match[2]) }
}

export class WanRelay {
  readonly #process: LineProcess

  private constructor(process: LineProcess) {
    this.#process = process
  }

  /** Resolves once the ends of the links are there. */
  static async start(
    ends: readonly (readonly [string, string])[],
    { delayMs, loss, seed }: Relaying,
    spawn: (words: readonly string[]) => ChildProcess
  ): Promise<WanRelay> {
    if (!existsSync('/dev/net/tun'))
      throw new Error('delay and loss need /dev/net/tun, which is missing here')
    const pairs = ends.map(([inner, outer]) => `${inner}:${outer}`)
    const child = spawn([PYTHON, PROGRAM, String(delayMs), String(loss), String(seed), ...pairs])
    const relay = new LineProcess('the relay of links', child)
    await once(child, 'spawn')
    await relay.next()
    return new WanRelay(relay)
  }

  async count(): Promise<RelayCount> {
    this.#process.tell('')
    return parseRelayCount(await this.#process.next())
  }
}
