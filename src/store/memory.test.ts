import { MemoryStore } from './memory.ts'
import { MemoryRecords } from './memory-records.ts'
import { runRecordsConformance } from './records.conformance.ts'
import { runStoreConformance } from './store.conformance.ts'

runStoreConformance('MemoryStore', async () => {
  const store = new MemoryStore()
  return {
    store,
    place: name => `/${name}`,
    plant: (path, bytes) => store.disk.set(path, Uint8Array.from(bytes)),
    remove: path => store.disk.delete(path),
    bytesAt: path => store.disk.get(path),
    passTime: () => {},
    fingerprintAt: path => `fingerprint of ${path}`,
    dispose: () => store.close()
  }
})

runRecordsConformance('MemoryRecords', () => ({ records: new MemoryRecords(), dispose: () => {} }))
