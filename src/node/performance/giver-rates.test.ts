import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { foundedBy, keeperOf } from '../ledger/founded-org.conformance.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import type { PeerLink } from '../transport/transport.ts'
import type { FigureDesk } from './figure-desk.ts'
import { SAMPLE } from './figures-messages.fuzz.ts'
import type { AskingNode } from './fleet-figures.ts'
import { rateOfGivers } from './giver-rates.ts'
import type { OwnFigures } from './own-figures.ts'

test('a device gives as the median of those says that took from it; who did not answer is left out', async () => {
  const generate = () => DeviceKey.generate()
  const [own, giver, taker, other, silent] = [generate(), generate(), generate(), generate(), generate()]
  const others = [giver, taker, other, silent]
  const keeper = keeperOf(own, foundedBy([own, ...others]))
  const said = new Map<DeviceId, [DeviceId, number][]>([
    [
      own.id,
      [
        [giver.id, 100],
        [silent.id, 7]
      ]
    ],
    [giver.id, []],
    [taker.id, [[giver.id, 900]]],
    [
      other.id,
      [
        [giver.id, 300],
        [taker.id, 40]
      ]
    ]
  ])
  const figures = (device: DeviceId) => ({ ...SAMPLE, rates: new Map(said.get(device)) })
  const performance = {
    own: scripted<OwnFigures>({ read: async () => figures(own.id) }),
    desk: scripted<FigureDesk>({
      ask: async device =>
        said.has(device)
          ? { kind: 'answered', figures: figures(device) }
          : { kind: 'silent', detail: 'it is down' }
    })
  }
  const node: AskingNode = {
    keeper,
    identity: { device: own.id, site: 'paris' },
    transport: { peers: () => others.map(({ id }) => scripted<PeerLink>({ device: id })) },
    catalogue: { nameOf: device => ({ device, name: null, site: null }) },
    history: { performance }
  }
  try {
    assert.deepEqual(
      await rateOfGivers(node),
      new Map([
        [giver.id, 300],
        [taker.id, 40]
      ])
    )
  } finally {
    await keeper.close()
  }
})
