/**
 * A hostile member as a process of its own, so that it can run in a namespace. Run as a script it joins with a ticket
 * and prints "joined"; told what is distributed, it links with every honest node, prints "begun", and from then on
 * gives what it is asked for with garbage in it, or gives nothing.
 */

import { once } from 'node:events'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pieceIndex } from '../../src/base/ids.ts'
import { AdminClient } from '../../src/cli/client.ts'
import { decodeTorrent } from '../../src/content/torrent-file.ts'
import { pieceSpan } from '../../src/content/version.ts'
import type { PeerStream } from '../../src/node/transport/transport.ts'
import { sha256 } from '../../src/store/sha256.ts'
import { HostileMember, type Tampering, tamperingSeed } from '../hostile-member.ts'
import { LineProcess } from './line-process.ts'

export interface HostileTask {
  readonly torrent: string
  /** The one file that the torrent is of. */
  readonly path: string
  /** Home folders of the honest nodes. */
  readonly homes: readonly string[]
}

export class HostileProcess {
  readonly #process: LineProcess

  private constructor(process: LineProcess) {
    this.#process = process
  }

  static async join(options: {
    launcher: readonly string[]
    ticket: string
    listen: string
    behaviour: keyof typeof BEHAVIOURS
  }): Promise<HostileProcess> {
    const { launcher, ticket, listen, behaviour } = options
    const program = fileURLToPath(import.meta.url)
    const args = [ticket, listen, behaviour]
    const hostile = LineProcess.run('a hostile member', program, { launcher, args })
    await hostile.expect('joined')
    return new HostileProcess(hostile)
  }

  get pid(): number {
    return this.#process.pid
  }

  async begin(task: HostileTask): Promise<void> {
    this.#process.tell(JSON.stringify(task))
    await this.#process.expect('begun')
  }

  kill(): void {
    this.#process.kill()
  }
}

const BEHAVIOURS = {
  garbage: { block: block => block.map(byte => byte ^ 0xff) },
  stall: { stall: true }
} satisfies Record<string, Tampering>

async function main([ticket = '', listen = '', behaviour = '']: readonly string[]): Promise<void> {
  const tampering = BEHAVIOURS[behaviour as keyof typeof BEHAVIOURS]
  let behave = (stream: PeerStream): void => stream.abort('not yet')
  const member = await HostileMember.join(ticket, stream => behave(stream), listen)
  console.log('joined')
  const [line] = await once(createInterface({ input: process.stdin }), 'line')
  const { torrent, path, homes } = JSON.parse(line) as HostileTask
  const { version, pieceLayers } = decodeTorrent(readFileSync(torrent), sha256)
  const read = (piece: number, begin: number, length: number): Uint8Array => {
    const block = new Uint8Array(length)
    const file = openSync(path, 'r')
    readSync(file, block, 0, length, pieceSpan(version, pieceIndex(piece)).offset + begin)
    closeSync(file)
    return block
  }
  behave = tamperingSeed({ version, layers: pieceLayers, read }, member.key, tampering)
  for (const home of homes) await member.befriend(new AdminClient(home))
  console.log('begun')
}

if (import.meta.main) await main(process.argv.slice(2))
