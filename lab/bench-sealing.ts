/**
 * `npm run bench:sealing`: how fast files are sealed and opened on one core, beside the `age` tool on the same file in
 * the same run, and how long it takes to wrap a key, to devices and to a group. `--mib 0` leaves the files out. Pin it
 * to a core, as `taskset -c 0 npm run bench:sealing`: all that it starts then runs on that one.
 *
 * Files lie in memory, so the time is that of ciphers and of copies in the kernel. `chunks` is the first alone: from
 * memory to memory. Of several rounds the fastest counts.
 */

import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { assert } from '../src/base/assert.ts'
import { toHex } from '../src/base/bytes.ts'
import type { DeviceId, OperationId, OrgId } from '../src/base/ids.ts'
import { MIB } from '../src/base/units.ts'
import { encodeIdentity, encodeRecipient } from '../src/content/sealing/age-x25519.ts'
import { CHUNK_BYTES, chunkCountOf } from '../src/content/sealing/payload-layout.ts'
import { createEpochRecord, decodeEpochRecord, PART_MEMBERS_MAX } from '../src/ledger/sealing/epoch-record.ts'
import { sealableEpochs } from '../src/ledger/sealing/epoch-rules.ts'
import { DeviceKey } from '../src/node/keys/device-key.ts'
import { verify } from '../src/node/ledger/ledger-keeper.ts'
import { epochKey } from '../src/node/sealing/epoch-keeper.ts'
import {
  openEnvelope,
  openStanza,
  rewrapEnvelope,
  wrapEnvelope,
  wrapToGroups
} from '../src/store/sealing/envelope.ts'
import { fileSink, openFile } from '../src/store/sealing/object-opening.ts'
import { sealFile } from '../src/store/sealing/object-sealing.ts'
import { ChunkCipher, randomBytes } from '../src/store/sealing/openssl-ciphers.ts'
import { X25519Key } from '../src/store/sealing/x25519.ts'
import { sha256 } from '../src/store/sha256.ts'

const AGE = '/usr/bin/age'
const ROUNDS = 3
const RECIPIENTS = [1, 100, 1000]
const GROUP_MEMBERS = 10_000

/** Milliseconds of the fastest round. */
async function fastestMs(work: () => Promise<void> | void): Promise<number> {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now()
    await work()
    best = Math.min(best, performance.now() - startMs)
  }
  return best
}

async function withFiles(
  paths: readonly [string, string],
  work: (from: { fd: number; name: string }, into: { fd: number; name: string }) => Promise<void>
): Promise<void> {
  const [from, into] = [openSync(paths[0], 'r'), openSync(paths[1], 'w')]
  await work({ fd: from, name: paths[0] }, { fd: into, name: paths[1] })
  closeSync(from)
  closeSync(into)
}

async function measureFiles(folder: string, plaintextBytes: number): Promise<Record<string, number>> {
  const path = (name: string) => join(folder, name)
  const fileKey = randomBytes(16)
  const identity = randomBytes(32)
  const recipient = encodeRecipient(new X25519Key(identity).publicKey)
  const source = openSync(path('plain'), 'w')
  const mebibyte = randomBytes(MIB)
  for (let bytes = 0; bytes < plaintextBytes; bytes += MIB) writeSync(source, mebibyte)
  closeSync(source)
  writeFileSync(path('key'), `${encodeIdentity(identity)}\n`)
  const age = (...args: string[]) => void execFileSync(AGE, args)
  const chunks = () => {
    const cipher = new ChunkCipher(fileKey, randomBytes(16))
    const chunk = mebibyte.subarray(0, CHUNK_BYTES)
    for (let index = 0; index < chunkCountOf(plaintextBytes); index++) cipher.seal(index, false, chunk)
  }
  const times = {
    chunks: await fastestMs(chunks),
    seal: await fastestMs(() =>
      withFiles([path('plain'), path('object')], (from, object) =>
        sealFile({ source: from, plaintextBytes, fileKey, object })
      )
    ),
    open: await fastestMs(() =>
      withFiles([path('object'), path('opened')], (object, into) =>
        openFile({ object, plaintextBytes, fileKey, sink: fileSink(into) })
      )
    ),
    'age, encrypt': await fastestMs(() => age('-r', recipient, '-o', path('object'), path('plain'))),
    'age, decrypt': await fastestMs(() => age('-d', '-i', path('key'), '-o', path('opened'), path('object')))
  }
  assert(statSync(path('opened')).size === plaintextBytes, 'all was opened')
  const rates = Object.entries(times).map(([what, ms]) => [what, Math.round(plaintextBytes / ms / 1000)])
  return Object.fromEntries(rates)
}

async function measureWrapping(count: number): Promise<Record<string, number>> {
  const keys = Array.from({ length: count }, () => new X25519Key(randomBytes(32)))
  const recipients = keys.map(({ publicKey }) => publicKey)
  const fileKey = randomBytes(16)
  const envelope = wrapEnvelope(fileKey, recipients)
  const first = keys.slice(0, 1)
  const last = keys.slice(-1)
  const round = (ms: number) => Math.round(ms * 100) / 100
  return {
    bytes: envelope.length,
    'wrap, ms': round(await fastestMs(() => void wrapEnvelope(fileKey, recipients))),
    'open as last, ms': round(await fastestMs(() => void openEnvelope(envelope, last))),
    'add one, ms': round(
      await fastestMs(
        () =>
          void rewrapEnvelope({
            envelope,
            identities: first,
            recipients: recipients.slice(0, 1),
            existing: 'keep'
          })
      )
    ),
    'drop one, ms': round(
      await fastestMs(
        () => void rewrapEnvelope({ envelope, identities: first, recipients, existing: 'drop' })
      )
    )
  }
}

/** A key epoch of a group: what whoever begins it does, who seals to it, and a member. */
async function measureGroup(count: number): Promise<Record<string, number>> {
  const own = new X25519Key(randomBytes(32))
  const members = Array.from({ length: count }, (_, at) => ({
    device: toHex(randomBytes(32)) as DeviceId,
    recipient: at === 0 ? own.publicKey : new X25519Key(randomBytes(32)).publicKey
  })).sort((a, b) => (a.device < b.device ? -1 : 1))
  const author = DeviceKey.generate()
  const signing = { sign: (message: Uint8Array) => author.sign(message), sha256 }
  const seed = randomBytes(16)
  const { publicKey: recipient } = epochKey(seed)
  const parts = Math.ceil(count / PART_MEMBERS_MAX)
  const id = 'ab'.repeat(32)
  const begin = () =>
    Array.from({ length: parts }, (_, part) => {
      const of = members.slice(part * PART_MEMBERS_MAX, (part + 1) * PART_MEMBERS_MAX)
      const envelope = wrapEnvelope(
        seed,
        of.map(member => member.recipient)
      )
      const ids = { org: id as OrgId, group: id as OperationId, author: author.id }
      return createEpochRecord({ ...ids, recipient, part, parts, members: of, envelope }, signing)
    })
  const records = begin()
  const mine = records.find(record => record.members.some(member => member.recipient === own.publicKey))
  assert(mine !== undefined, 'a part names the member')
  const at = mine.members.findIndex(member => member.recipient === own.publicKey)
  const epoch = { group: id as OperationId, recipient, members: new Map<DeviceId, Uint8Array>() }
  for (const member of members) epoch.members.set(member.device, member.recipient)
  const readers = new Map(epoch.members)
  const fileKey = randomBytes(16)
  const single = [0, 1, 2].map(() => new X25519Key(randomBytes(32)).publicKey)
  const envelope = wrapToGroups(fileKey, { single, epochs: [recipient] })
  const key = epochKey(seed)
  const round = (ms: number) => Math.round(ms * 100) / 100
  return {
    'bytes of an envelope': envelope.length,
    'bytes of the part of a member': mine.record.length,
    'bytes of all parts': records.reduce((sum, { record }) => sum + record.length, 0),
    'begin, ms': round(await fastestMs(() => void begin())),
    'take all parts, ms': round(
      await fastestMs(() => {
        for (const { record } of records)
          assert(decodeEpochRecord(record, { verify, sha256 }).ok, 'it is taken')
      })
    ),
    'get the key as a member, ms': round(
      await fastestMs(() => void epochKey(openStanza(mine.envelope, at, own) ?? seed))
    ),
    'may it be sealed to, ms': round(
      await fastestMs(() => {
        assert(sealableEpochs([epoch], new Set([epoch.group]), readers).length === 1, 'it may')
      })
    ),
    'wrap, ms': round(await fastestMs(() => void wrapToGroups(fileKey, { single, epochs: [recipient] }))),
    'open as a member, ms': round(await fastestMs(() => void openEnvelope(envelope, [], () => key)))
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { mib: { type: 'string', default: '954' } } })
  const folder = mkdtempSync('/dev/shm/peerage-bench-')
  try {
    if (Number(values.mib) > 0) {
      console.log('MB/s of plaintext')
      console.table(await measureFiles(folder, Number(values.mib) * MIB))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  const rows: Record<string, Record<string, number>> = {}
  for (const count of RECIPIENTS) rows[`${count} recipients`] = await measureWrapping(count)
  console.table(rows)
  console.log(`a group of ${GROUP_MEMBERS}, and three more readers`)
  console.table(await measureGroup(GROUP_MEMBERS))
}

await main()
