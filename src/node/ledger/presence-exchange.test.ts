import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { orgIdFromBytes } from '../../base/ids.ts'
import { HOUR_MS } from '../../base/units.ts'
import { createPresence, decodePresence, type Presence } from '../../ledger/sync/presence.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import { verify } from './ledger-keeper.ts'
import { PRESENCE_PROTOCOL, PresenceExchange } from './presence-exchange.ts'

const ORG = orgIdFromBytes(new Uint8Array(32).fill(1))

function saidBy(key: DeviceKey): Presence {
  const timeMs = Date.now()
  return createPresence(
    {
      ...{
        org: ORG,
        device: key.id,
        name: 'a',
        nameSalt: new Uint8Array(16),
        site: 'berlin',
        kind: 'server'
      },
      ...{ addresses: [], timeMs, expiresMs: timeMs + HOUR_MS }
    },
    { sign: message => key.sign(message), sha256 }
  )
}

class Side {
  readonly key = DeviceKey.generate()
  readonly transport: MemoryTransport
  /** Statements that came, again and again the same one among them. */
  came = 0
  readonly #held = new Map<string, Presence>()

  constructor(network: MemoryNetwork, t: TestContext) {
    this.transport = network.create(this.key.id)
    this.transport.setGate(() => 'member')
    const own = saidBy(this.key)
    const exchange = new PresenceExchange({
      ...{ transport: this.transport, own: () => own, living: () => [...this.#held.values()] },
      ...{ unjudged: () => [], log: SILENT_LOG },
      take: record => {
        this.came++
        const decoded = decodePresence(record, { verify, sha256 })
        assert.ok(decoded.ok)
        this.hold(decoded.value)
      }
    })
    t.after(async () => {
      exchange.close()
      await this.transport.stop()
    })
  }

  hold(presence: Presence): void {
    if (presence.device !== this.key.id) this.#held.set(presence.device, presence)
  }

  knows(device: string): boolean {
    return this.#held.has(device)
  }

  async dial({ transport }: { readonly transport: MemoryTransport }): Promise<void> {
    await this.transport.dial(
      { device: transport.self, addresses: transport.addresses() },
      new AbortController().signal
    )
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 300; turn++) await nextTurn()
}

test('who links with many at once gets what they all know once, and each of them gets what it lacks', async t => {
  const network = new MemoryNetwork()
  const others = Array.from({ length: 8 }, () => new Side(network, t))
  const common = Array.from({ length: 50 }, () => saidBy(DeviceKey.generate()))
  for (const other of others) for (const presence of common) other.hold(presence)
  const asker = new Side(network, t)
  const mine = saidBy(DeviceKey.generate())
  asker.hold(mine)
  for (const { transport } of [asker, ...others]) await transport.start()
  await Promise.all(others.map(other => asker.dial(other)))
  await settled()
  assert.equal(asker.came, others.length + common.length)
  for (const other of others) assert.ok(other.knows(asker.key.id) && other.knows(mine.device))
})

test('one that does not answer keeps nobody from the others for long', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const network = new MemoryNetwork()
  const silent = network.create(DeviceKey.generate().id)
  silent.setGate(() => 'member')
  let asked = 0
  silent.handle(PRESENCE_PROTOCOL, () => asked++)
  t.after(() => silent.stop())
  const [asker, other] = [new Side(network, t), new Side(network, t)]
  for (const transport of [silent, asker.transport, other.transport]) await transport.start()
  await asker.dial({ transport: silent })
  await asker.dial(other)
  await settled()
  assert.deepEqual([asked, asker.knows(other.key.id)], [1, false])
  t.mock.timers.tick(250)
  await settled()
  assert.equal(asker.knows(other.key.id), true)
})
