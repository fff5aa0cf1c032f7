import { DeviceKey } from './device-key.ts'
import { MemoryNetwork } from './memory-transport.ts'
import { transportConformance } from './transport.conformance.ts'

transportConformance('memory', () => {
  const network = new MemoryNetwork()
  return { create: async topics => network.create(DeviceKey.generate().id, topics) }
})
