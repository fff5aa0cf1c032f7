import { DeviceKey } from './device-key.ts'
import { Libp2pTransport } from './libp2p-transport.ts'
import { transportConformance } from './transport.conformance.ts'

transportConformance('libp2p', () => ({
  create: async topics =>
    new Libp2pTransport({ key: DeviceKey.generate(), listen: ['/ip4/127.0.0.1/tcp/0'], topics })
}))
