/**
 * `npm run bench:sealing`: how fast files are sealed and opened on one core, beside the `age` tool on the same file in
 * the same run, and how long it takes to wrap a key. Pin it to a core, as `taskset -c 0 npm run bench:sealing`: all
 * that it starts then runs on that one.
 *
 * Files lie in memory, so the time is that of ciphers and of copies in the kernel. `chunks` is the first alone: from
 * memory to memory. Of several rounds the fastest counts.
 */

import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { assert } from '../src/base/assert.ts'
import { MIB } from '../src/base/units.ts'
import { encodeIdentity, encodeRecipient } from '../src/content/sealing/age-x25519.ts'
import { CHUNK_BYTES, chunkCountOf } from '../src/content/sealing/payload-layout.ts'
import { openEnvelope, rewrapEnvelope, wrapEnvelope } from '../src/store/sealing/envelope.ts'
import { fileSink, openFile } from '../src/store/sealing/object-opening.ts'
import { sealFile } from '../src/store/sealing/object-sealing.ts'
import { ChunkCipher, randomBytes } from '../src/store/sealing/openssl-ciphers.ts'
import { X25519Key } from '../src/store/sealing/x25519.ts'

const AGE = '/usr/bin/age'
const ROUNDS = 3
const RECIPIENTS = [1, 100, 1000]

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

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { mib: { type: 'string', default: '954' } } })
  const folder = mkdtempSync('/dev/shm/peerage-bench-')
  try {
    console.log('MB/s of plaintext')
    console.table(await measureFiles(folder, Number(values.mib) * MIB))
  } finally {
    rmSync(folder, { recursive: true })
  }
  const rows: Record<string, Record<string, number>> = {}
  for (const count of RECIPIENTS) rows[`${count} recipients`] = await measureWrapping(count)
  console.table(rows)
}

await main()
