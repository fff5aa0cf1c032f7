/** One event of each action, and one message of each kind, for tests, vectors and fuzz seeds. */

import { toHex } from '../base/bytes.ts'
import { operationIdFromBytes } from '../base/ids.ts'
import { keyNamed, START_MS, sha256, versionNamed } from '../ledger/fold/org-fixture.conformance.ts'
import { type AuditEvent, DROPPED } from './entry.ts'
import { cosignedBy, ORG, TestLog } from './log-fixture.conformance.ts'
import type { AuditMessage } from './messages.ts'
import { createReceipt, type ReceiptTerms } from './receipt.ts'
import { hashLeaf } from './tree.ts'

export const server = keyNamed('server')
export const reader = keyNamed('reader')
const of = { version: versionNamed('one'), dataset: 'os/image' }

export function receiptOf(changes: Partial<ReceiptTerms> = {}, key = reader): Uint8Array {
  const terms = {
    org: ORG,
    reader: reader.id,
    server: server.id,
    version: of.version,
    purpose: 'CHG-1234',
    bytes: 4096,
    begunMs: START_MS,
    timeMs: START_MS + 5000
  }
  return createReceipt({ ...terms, ...changes }, { sign: key.sign, sha256 })
}

export const SAMPLE_EVENTS: readonly AuditEvent[] = [
  { action: 'serving', peer: reader.id, granted: 'study 17', ...of },
  { action: 'served', peer: reader.id, since: 0, bytes: 4096, done: true, ...of },
  { action: 'received', peer: server.id, begunMs: START_MS, bytes: 4096, ...of },
  { action: 'receipted', peer: reader.id, receipt: receiptOf(), purpose: 'CHG-1234', ...of },
  { action: 'read', bytes: 4096, purpose: 'CHG-1234', ...of },
  { action: 'stored', bytes: 4096, kind: 'fetched', version: of.version, dataset: null },
  { action: 'deleted', reason: 'discarded', ...of },
  {
    action: 'administered',
    operation: operationIdFromBytes(sha256(Buffer.from('operation'))),
    type: 'dataset.publish'
  },
  { action: 'denied', peer: reader.id, reason: 'not-enrolled', count: 3, version: null },
  { action: 'violation', peer: reader.id, reason: 'bad-block', count: 1, version: of.version },
  {
    action: 'override',
    override: toHex(sha256(Buffer.from('override'))),
    signer: server.id,
    classes: 'confidential restricted',
    reason: 'the line of the Lyon site is cut, CHG-1234',
    devices: null,
    endsMs: START_MS + 5000
  },
  {
    action: 'overridden',
    override: toHex(sha256(Buffer.from('override'))),
    class: 'restricted',
    peer: reader.id,
    count: 2,
    version: of.version
  },
  { action: 'expired', before: START_MS, entries: 7 },
  { action: 'renewed', reason: 'restored', earlier: START_MS, entries: 120, held: 80 },
  { action: 'obtained', host: 'mirror.example:8443', bytes: 4096, ...of },
  { action: 'damaged', pieces: 3, kind: 'fetched', ...of },
  { action: 'healed', pieces: 3, ...of },
  {
    ...{ action: 'called', by: 'token ci (0123456789ab)', route: 'eraseCases', outcome: 'refused', count: 2 },
    ...{ kind: null, object: null }
  },
  {
    ...{ action: 'looked-up', what: 'person', count: 3 },
    salt: sha256(Buffer.from('salt')).slice(0, 16),
    subject: sha256(Buffer.from('subject'))
  },
  {
    ...{ action: 'called', by: 'token ci (0123456789ab)', route: 'recall', outcome: 'done', count: 1 },
    ...{ kind: 'dataset', object: 'os/image@3' }
  },
  { action: 'switched', by: 'token ci (0123456789ab)', what: 'detection.spread', state: 'off' }
]

const log = new TestLog('log').grow(6)

export const SAMPLE_MESSAGES: readonly AuditMessage[] = [
  { kind: 'cosign', old: 2, proof: log.prove(2), note: log.note() },
  {
    kind: 'cosignature',
    line: new TextDecoder().decode(cosignedBy(log.note(), reader)).split('\n').at(-2) ?? ''
  },
  { kind: 'conflict', size: 4, note: log.note(4) },
  { kind: 'conflict', size: 0, note: null },
  { kind: 'logs', incarnations: [START_MS, START_MS + 1] },
  { kind: 'fetch', incarnation: START_MS, from: 3, limit: 100 },
  { kind: 'page', dropped: [], entries: log.entries.slice(3), note: log.note(), proof: log.prove(3) },
  {
    kind: 'page',
    dropped: log.entries.slice(1, 3).map(entry => hashLeaf(entry, sha256)),
    entries: [DROPPED, DROPPED, ...log.entries.slice(3)],
    note: log.note(),
    proof: []
  },
  { kind: 'prove', incarnation: START_MS, old: 2, size: 6 },
  { kind: 'proof', proof: log.prove(2) },
  { kind: 'checkpoints', notes: [log.note()] },
  { kind: 'receipt', receipt: receiptOf() },
  { kind: 'taken' },
  { kind: 'refuse', reason: 'not-an-auditor' }
]
