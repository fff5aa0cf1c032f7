import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import { foundedBy, keeperOf } from './founded-org.conformance.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import { LEDGER_TOPIC, LedgerSync } from './ledger-sync.ts'

const admin = DeviceKey.generate()
const laptop = DeviceKey.generate()
const root = foundedBy([admin])

interface Peer {
  readonly keeper: LedgerKeeper
  readonly transport: MemoryTransport
  readonly sync: LedgerSync
}

async function begin(network: MemoryNetwork, key: DeviceKey): Promise<Peer> {
  const transport = network.create(key.id, [LEDGER_TOPIC])
  transport.setGate(() => 'member')
  // Hints get lost on the way.
  transport.publish = () => undefined
  const keeper = keeperOf(key, root)
  const sync = new LedgerSync({ transport, keeper, log: SILENT_LOG })
  await transport.start()
  return { keeper, transport, sync }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await nextTurn()
}

test('who is asked by one that knows more asks back', async () => {
  const network = new MemoryNetwork()
  const [knows, lacks] = [await begin(network, admin), await begin(network, laptop)]
  try {
    await knows.transport.dial(
      { device: laptop.id, addresses: lacks.transport.addresses() },
      new AbortController().signal
    )
    await settled() // what they ask each other when they link
    const { id } = knows.keeper.append({ type: 'group.create', name: 'workers' })
    const isThere = (): boolean => [...lacks.keeper.ledger.operations()].some(each => each.id === id)
    await settled()
    assert.equal(isThere(), false, 'nobody said anything')
    knows.sync.ask(laptop.id)
    for (let turn = 0; turn < 2000 && !isThere(); turn++) await nextTurn()
    assert.equal(isThere(), true)
  } finally {
    for (const { sync, transport } of [knows, lacks]) {
      sync.close()
      await transport.stop()
    }
  }
})
