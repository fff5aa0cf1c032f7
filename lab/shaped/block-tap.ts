/**
 * Preloaded into a node by the laboratory: writes down every request, block and stored piece of its transfers, beside
 * its home folder. It stands between the driver and the pure core and changes nothing.
 *
 * Lines of `blocks.csv`: time (ms since the epoch), what, device of the peer, piece, begin, length. What: `ask` we
 * request of the peer, `get` its block comes, `asked` the peer requests of us, `sent` our block has left,
 * `suggested` the peer suggests a piece, `have` the peer announces one, `stored` a piece is ours (no peer). And what
 * comes before the first of them: `connected` to a peer, `greeted` by it, `unchoked` by it, `info` is known, where a
 * `layer` of a file is.
 */

import { appendFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import type { DeviceId } from '../../src/base/ids.ts'
import type { Transfer as TransferType } from '../../src/swarm/transfer.ts'
import type { PeerKey, TransferEffect, TransferEvent } from '../../src/swarm/transfer-types.ts'
import type { WireMessage } from '../../src/swarm/wire-messages.ts'

export const BLOCKS_FILE = 'blocks.csv'
const LINES_MAX = 512
export const FLUSH_MS = 200

const WHAT_CAME: Partial<Record<WireMessage['type'], string>> = {
  request: 'asked',
  piece: 'get',
  suggest: 'suggested',
  have: 'have',
  handshake: 'greeted',
  unchoke: 'unchoked'
}

/** `program` is the main module of the sources, `home` the folder of the node. */
async function tap(program: string, home: string): Promise<void> {
  const file = join(home, '..', BLOCKS_FILE)
  const module = join(dirname(program), '..', 'swarm', 'transfer.ts')
  const { Transfer } = (await import(module)) as { Transfer: typeof TransferType }
  let lines: string[] = []
  const flush = (): void => {
    if (lines.length > 0) appendFileSync(file, lines.join(''))
    lines = []
  }
  setInterval(flush, FLUSH_MS).unref()
  process.on('exit', flush)
  const write = (what: string, device: string, rest: readonly (number | undefined)[]): void => {
    lines.push(`${[Date.now(), what, device, ...rest.map(value => value ?? '')].join(',')}\n`)
    if (lines.length > LINES_MAX) flush()
  }
  const devices = new WeakMap<TransferType, Map<PeerKey, DeviceId>>()
  const { handle } = Transfer.prototype
  Transfer.prototype.handle = function (event: TransferEvent, nowMs: number): TransferEffect[] {
    const peers = devices.get(this) ?? new Map<PeerKey, DeviceId>()
    devices.set(this, peers)
    if (event.type === 'peerConnected') {
      peers.set(event.peer, event.device)
      write('connected', event.device, [])
    } else happened(event, peers)
    const effects = handle.call(this, event, nowMs)
    for (const effect of effects) {
      if (effect.type === 'send') sends(effect, peers.get(effect.peer) ?? '')
      else if (effect.type === 'layerReceived') write('layer', '', [])
    }
    return effects
  }
  function happened(event: TransferEvent, peers: ReadonlyMap<PeerKey, DeviceId>): void {
    if (event.type === 'served' && event.sent)
      write('sent', peers.get(event.peer) ?? '', [event.piece, event.begin, event.length])
    else if (event.type === 'pieceStored') write('stored', '', [event.piece])
    else if (event.type === 'infoReady') write('info', '', [])
    else if (event.type === 'message') came(event.message, peers.get(event.peer) ?? '')
  }
  function sends({ messages }: Extract<TransferEffect, { type: 'send' }>, device: string): void {
    for (const message of messages)
      if (message.type === 'request') write('ask', device, [message.piece, message.begin, message.length])
  }
  function came(message: WireMessage, device: string): void {
    const what = WHAT_CAME[message.type]
    if (what === undefined) return
    if (!('piece' in message)) {
      write(what, device, [])
      return
    }
    const length =
      'block' in message ? message.block.length : 'length' in message ? message.length : undefined
    write(what, device, [message.piece, 'begin' in message ? message.begin : undefined, length])
  }
}

const home = process.argv[process.argv.indexOf('--home') + 1]
if (isMainThread && process.argv[2] === 'up' && process.argv[1] !== undefined && home !== undefined)
  await tap(process.argv[1], home)
