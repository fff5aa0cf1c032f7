/**
 * A process that writes its audit log is killed at random instants, over and over. After each kill every entry that
 * was acknowledged is there, in its place, the tree over them is whole, and no checkpoint that was ever signed is
 * contradicted. Run with `child` as argument this file is the process that is killed.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv } from 'node:process'
import { test } from 'node:test'
import { runUntilKilled } from '../lab/killed-child.ts'
import { rounds } from '../lab/rounds.ts'
import { openCheckpoint, type SignedCheckpoint } from '../src/audit/checkpoint.ts'
import { LogVerifier } from '../src/audit/log-verification.ts'
import { orgIdFromBytes, versionIdFromBytes } from '../src/base/ids.ts'
import { AuditLog } from '../src/node/audit/audit-log.ts'
import { DeviceKey, loadDeviceKey, saveDeviceKey } from '../src/node/keys/device-key.ts'
import { verify } from '../src/node/ledger/ledger-keeper.ts'
import { SILENT_LOG } from '../src/node/log.ts'
import { AuditStore } from '../src/store/audit-store.ts'
import { sha256 } from '../src/store/sha256.ts'

const ROUNDS = rounds(6)
const LIFE_MS_MAX = 250
const WRITERS = 32
const org = orgIdFromBytes(new Uint8Array(32).fill(1))
const version = versionIdFromBytes(new Uint8Array(32).fill(2))

async function openLog(home: string): Promise<{ audit: AuditLog; store: AuditStore }> {
  const key = await loadDeviceKey(join(home, 'device.key'))
  const store = new AuditStore({ home })
  return { store, audit: new AuditLog({ store, org, key, log: SILENT_LOG }) }
}

async function writeUntilKilled(home: string): Promise<void> {
  const { audit } = await openLog(home)
  audit.confirm() // there is no peer to ask
  writeSync(1, 'writing\n')
  const write = async (): Promise<never> => {
    for (;;) {
      const event = { action: 'stored', version, dataset: 'os', bytes: 1, kind: 'source' } as const
      const seq = await audit.record(event)
      writeSync(1, `${seq}\n`)
      if (seq % 40 === 0)
        writeSync(1, `note ${Buffer.from((await audit.checkpoint())?.note ?? []).toString('hex')}\n`)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
}

function opened(hex: string): SignedCheckpoint {
  const checkpoint = openCheckpoint(Buffer.from(hex, 'hex'), { verify, sha256 })
  assert.ok(checkpoint.ok)
  return checkpoint.value
}

async function crashRounds(home: string): Promise<void> {
  await saveDeviceKey(join(home, 'device.key'), DeviceKey.generate())
  const signed: SignedCheckpoint[] = []
  let acknowledged = 0
  // On a busy machine a child may be killed before it has begun, again and again: so later ones live longer.
  const isMet = (): boolean => acknowledged > ROUNDS && signed.length > 0
  for (let round = 0; round < ROUNDS || (!isMet() && round < 10 * ROUNDS); round++) {
    const lifeMsMax = LIFE_MS_MAX * Math.ceil((round + 1) / ROUNDS)
    const lines = await runUntilKilled(import.meta.url, [home], Math.random() * lifeMsMax)
    for (const line of lines) {
      if (/^\d+$/.test(line)) acknowledged = Math.max(acknowledged, 1 + Number(line))
      if (line.startsWith('note ')) signed.push(opened(line.slice(5)))
    }
    const { audit, store } = await openLog(home)
    audit.confirm() // there is no peer to ask
    assert.ok(audit.size >= acknowledged, `${acknowledged} were acknowledged, ${audit.size} are there`)
    const verifier = new LogVerifier({
      ...audit.id,
      checkpoint: await audit.checkpoint(),
      seen: signed,
      sha256
    })
    for (const bytes of store.database.entries(audit.id, { from: 0, limit: audit.size + 1 }))
      assert.equal(verifier.add(bytes)?.seq, verifier.size - 1)
    assert.equal(verifier.size, audit.size)
    // An empty log, of a process that was killed before its first entry, is signed by nobody.
    if (audit.size > 0) assert.deepEqual(verifier.finish(), [])
    await audit.close()
    await store.close()
  }
  assert.ok(isMet(), 'something was written between kills')
}

if (argv[2] === 'child') {
  assert.ok(argv[3] !== undefined, 'a child knows its home')
  await writeUntilKilled(argv[3])
} else {
  test('an audit log that is killed at any instant loses nothing that it acknowledged, and never forks', async () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'peerage-audit-crash-')))
    try {
      await crashRounds(home)
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
}
