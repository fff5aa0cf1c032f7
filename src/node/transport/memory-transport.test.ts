import { DeviceKey } from '../keys/device-key.ts'
import { MemoryNetwork } from './memory-transport.ts'
import { peerStreamConformance } from './peer-stream.conformance.ts'
import { transportConformance } from './transport.conformance.ts'
import { type GossipTopics, topicNames } from './transport.ts'

const makeNetwork = () => {
  const network = new MemoryNetwork()
  return {
    create: async (topics: GossipTopics, linksMax?: number) =>
      network.create(DeviceKey.generate().id, topicNames(topics), linksMax)
  }
}

transportConformance('memory', makeNetwork)
peerStreamConformance('memory', makeNetwork)
