/**
 * Enrolled, but hostile. For each way of misbehaving: the transfer ends well from the honest seed, and the honest node
 * names the culprit with the reason. The honest seed comes up only after the hostile one has had its say.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import { HostileMember, type SeedContent, type Tampering, tamperingSeed } from '../lab/hostile-member.ts'
import type { Transfer } from '../src/api/transfer.ts'
import { pieceIndex } from '../src/base/ids.ts'
import { decodeTorrent } from '../src/content/torrent-file.ts'
import { pieceSpan } from '../src/content/version.ts'
import type { PeerStream } from '../src/node/transport/transport.ts'
import { sha256 } from '../src/store/sha256.ts'
import { encodeMessages } from '../src/swarm/wire-encoder.ts'
import type { WireMessage } from '../src/swarm/wire-messages.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-hostile-'))
const cluster = new Cluster(folder)
let seed: ClusterNode
let fetcher: ClusterNode

before(async () => {
  seed = await cluster.found('seed', 's')
  fetcher = await cluster.join(await cluster.invite(), 'fetcher', 's')
  await cluster.meshed()
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Payload extends SeedContent {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Something new to fetch, so that nothing of it is on the fetcher yet. */
async function publishPayload(name: string): Promise<Payload> {
  const bytes = randomBytes(5_000_000)
  const path = join(folder, `${name}.bin`)
  writeFileSync(path, bytes)
  assert.equal((await seed.run('publish', path, '--name', name)).exitCode, 0)
  const torrent = await seed.client.bytes('torrent', { name, version: null })
  const { version, pieceLayers } = decodeTorrent(torrent, sha256)
  await until('the fetcher knows the dataset', 10_000, async () => {
    const { datasets } = await fetcher.client.call('datasets', {})
    return datasets.some(dataset => dataset.name === name)
  })
  const read = (piece: number, begin: number, length: number): Uint8Array => {
    const { offset } = pieceSpan(version, pieceIndex(piece))
    return bytes.subarray(offset + begin, offset + begin + length)
  }
  return { name, bytes, version, layers: pieceLayers, read }
}

/** Fetches with only the hostile member to ask, then lets the honest seed come up. */
async function fetchAmong(
  payload: Payload,
  behave: (stream: PeerStream) => void,
  isCaught: (banned: string | undefined) => boolean
): Promise<Transfer> {
  const { name, bytes } = payload
  const hostile = await HostileMember.join(await cluster.invite(), behave)
  try {
    await hostile.befriend(fetcher.client)
    await seed.stop()
    const destination = join(folder, 'got', name)
    const { id } = await fetcher.client.call('startTransfer', { name, version: null, destination })
    await until(`${name} is caught`, 30_000, async () => {
      const { peers } = await fetcher.client.call('peers', {})
      return isCaught(peers.find(peer => peer.device === hostile.key.id)?.banned?.reason)
    })
    await seed.up()
    let transfer = await fetcher.client.call('transfer', { id })
    await until(`${name}: the transfer is complete`, 60_000, async () => {
      transfer = await fetcher.client.call('transfer', { id })
      assert.notEqual(transfer.state, 'failed', transfer.problem?.message)
      return transfer.state === 'complete'
    })
    assert.ok(readFileSync(destination).equals(bytes), 'what arrived is what was published')
    return transfer
  } finally {
    await hostile.transport.stop()
    if (!seed.isRunning) await seed.up()
  }
}

const flip = (block: Uint8Array): Uint8Array =>
  Uint8Array.from(block, (byte, at) => (at === 7 ? byte ^ 1 : byte))

function instead(of: WireMessage['type'], ...sent: WireMessage[]): Tampering {
  return { messages: messages => messages.flatMap(message => (message.type === of ? sent : [message])) }
}

const block = new Uint8Array(16 * 1024)
const cases: [string, (content: Payload) => (stream: PeerStream) => void, string][] = [
  ['bad-block', content => tamperingSeed(content, undefined, { block: flip }), 'bad-block'],
  [
    'unrequested-block',
    content =>
      tamperingSeed(
        content,
        undefined,
        instead(
          'piece',
          { type: 'piece', piece: 0, begin: 0, block },
          { type: 'piece', piece: 3, begin: 0, block }
        )
      ),
    'unrequested-block'
  ],
  [
    'piece-out-of-range',
    content => tamperingSeed(content, undefined, instead('unchoke', { type: 'have', piece: 9_999_999 })),
    'piece-out-of-range'
  ],
  [
    'bad-bitfield',
    content =>
      tamperingSeed(content, undefined, instead('have-all', { type: 'bitfield', bits: new Uint8Array(1) })),
    'bad-bitfield'
  ],
  [
    'garbage instead of a handshake',
    () => stream => {
      stream.onClose(() => undefined)
      stream.send(randomBytes(4096))
    },
    'bad-handshake'
  ],
  [
    'oversize-message',
    content => stream => {
      stream.onClose(() => undefined)
      const infoHash = Buffer.from(content.version.id, 'hex').subarray(0, 20)
      const handshake: WireMessage = {
        type: 'handshake',
        extended: true,
        fast: true,
        v2: true,
        infoHash,
        peerId: randomBytes(20)
      }
      stream.send([...encodeMessages([handshake]), Buffer.from('7fffffff07', 'hex')])
    },
    'oversize-message'
  ],
  [
    'wrong-info-hash',
    () => stream => {
      stream.onClose(() => undefined)
      const handshake: WireMessage = {
        type: 'handshake',
        extended: true,
        fast: true,
        v2: true,
        infoHash: randomBytes(20),
        peerId: randomBytes(20)
      }
      stream.send(encodeMessages([handshake]))
    },
    'wrong-info-hash'
  ]
]

for (const [name, behave, reason] of cases) {
  test(`${name}: the culprit is banned for it and the transfer goes on`, { timeout: 120_000 }, async () => {
    const payload = await publishPayload(name.replaceAll(' ', '-'))
    await fetchAmong(payload, behave(payload), banned => {
      if (banned !== undefined) assert.equal(banned, reason)
      return banned !== undefined
    })
    // It is gone by now, and still named.
    const { misbehaved } = await fetcher.client.call('status', {})
    const entry = misbehaved.find(each => each.reason === reason)
    assert.ok(
      entry !== undefined && entry.count > 0 && entry.bannedUntilMs !== null,
      JSON.stringify(misbehaved)
    )
    const text = (await fetcher.run('status')).stdout
    assert.match(text, new RegExp(`misbehaved +\\S.*: ${reason}, \\d+ times?, cut off, let in in `))
  })
}

test('a peer that promises and stalls only costs the wait', { timeout: 120_000 }, async () => {
  const payload = await publishPayload('stall')
  let polls = 0
  const done = await fetchAmong(
    payload,
    tamperingSeed(payload, undefined, { stall: true }),
    () => ++polls > 40
  )
  const gave = done.sources.filter(source => source.receivedBytes > 0)
  assert.deepEqual(
    gave.map(source => source.name),
    ['seed']
  )
})
