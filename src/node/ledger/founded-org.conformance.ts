/** An org of given admins, and keepers of its ledger in memory, for tests of the services that sign. */

import assert from 'node:assert/strict'
import {
  createRootRecord,
  decodeRoot,
  foundingTerms,
  type Root,
  type RootTerms
} from '../../ledger/chain/root.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { saveRoots } from './kept-records.ts'
import { LedgerKeeper, verify } from './ledger-keeper.ts'

/** All of them sign; `changes` are made to the terms of a new org. */
export function foundedBy(
  admins: readonly [DeviceKey, ...DeviceKey[]],
  changes: (terms: RootTerms) => Partial<RootTerms> = () => ({})
): Root {
  const terms = foundingTerms({ orgName: 'Acme', admin: admins[0].id, timeMs: Date.now() })
  const record = createRootRecord(
    { ...terms, admins: admins.map(({ id }) => id), threshold: admins.length, ...changes(terms) },
    { signers: admins.map(key => ({ key: key.id, sign: message => key.sign(message) })), sha256 }
  )
  const root = decodeRoot(record, { verify, sha256 })
  assert.ok(root.ok)
  return root.value
}

export function keeperOf(key: DeviceKey, root: Root): LedgerKeeper {
  const records = new MemoryRecords()
  saveRoots(records, [root])
  return new LedgerKeeper({ records, key, log: SILENT_LOG })
}
