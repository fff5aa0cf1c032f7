import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FilesystemStore } from './filesystem.ts'
import { runRecordsConformance } from './records.conformance.ts'
import { fingerprintOf } from './safe-files.ts'
import { scratchFolder } from './samples.conformance.ts'
import { SqliteRecords } from './sqlite-records.ts'
import { runStoreConformance } from './store.conformance.ts'

runStoreConformance('FilesystemStore', async () => {
  const folder = scratchFolder()
  let nowMs = 0
  const store = await FilesystemStore.open({ home: join(folder, 'home'), nowMs: () => nowMs })
  return {
    store,
    place: name => join(folder, name),
    plant: (path, bytes) => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, bytes)
    },
    remove: path => rmSync(path),
    bytesAt: path => (existsSync(path) ? Uint8Array.from(readFileSync(path)) : undefined),
    passTime: () => {
      nowMs += 60_000
    },
    fingerprintAt: path => fingerprintOf(lstatSync(path, { bigint: true })),
    dispose: async () => {
      await store.close()
      rmSync(folder, { recursive: true })
    }
  }
})

runRecordsConformance('SqliteRecords', () => {
  const folder = scratchFolder()
  const records = new SqliteRecords(join(folder, 'ledger.db'))
  return {
    records,
    dispose: () => {
      records.close()
      rmSync(folder, { recursive: true })
    }
  }
})
