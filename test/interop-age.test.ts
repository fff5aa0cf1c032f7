/**
 * What we seal against Debian's `age`: it opens what we export, an envelope and the trimmed payload of an object,
 * and we open what it made.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { concatBytes, equalBytes } from '../src/base/bytes.ts'
import {
  decodeIdentity,
  decodeRecipient,
  encodeIdentity,
  encodeRecipient
} from '../src/content/sealing/age-x25519.ts'
import { decodeManifest, encodeManifest } from '../src/content/sealing/manifest.ts'
import { openPayload, sealObject } from '../src/content/sealing/payload.ts'
import { CHUNK_BYTES, payloadBytesOf } from '../src/content/sealing/payload-layout.ts'
import { openEnvelope, rewrapEnvelope, wrapEnvelope } from '../src/store/sealing/envelope.ts'
import { sealFile } from '../src/store/sealing/object-sealing.ts'
import { aead, hkdf, randomBytes } from '../src/store/sealing/openssl-ciphers.ts'
import { X25519Key } from '../src/store/sealing/x25519.ts'
import { debianProgram } from './interop/debian-program.ts'

const AGE = '/usr/bin/age'
const AGE_KEYGEN = '/usr/bin/age-keygen'
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024
const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 5 * CHUNK_BYTES + 77]

const { isMissing: missing, skip } = debianProgram(AGE, 'age')

function run(program: string, args: readonly string[], input: Uint8Array = new Uint8Array(0)) {
  return spawnSync(program, args, { input, maxBuffer: OUTPUT_BYTES_MAX })
}

function contentOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 13 + (at >>> 16)) & 0xff)
}

suite('age and we open what the other sealed', { skip }, () => {
  const secret = randomBytes(32)
  const ours = new X25519Key(secret)
  const stranger = new X25519Key(randomBytes(32))
  let folder = ''
  let keyFile = ''

  before(() => {
    assert.ok(!missing, `there is no ${AGE}: install age`)
    folder = mkdtempSync(join(tmpdir(), 'peerage-interop-'))
    keyFile = join(folder, 'key')
    writeFileSync(keyFile, `${encodeIdentity(secret)}\n`)
  })
  after(() => rmSync(folder, { recursive: true }))

  /** What age says is in there. */
  function opened(file: Uint8Array): Uint8Array {
    const result = run(AGE, ['--decrypt', '--identity', keyFile], file)
    assert.equal(result.status, 0, result.stderr.toString())
    return result.stdout
  }

  async function objectOf(content: Uint8Array, fileKey: Uint8Array): Promise<Uint8Array> {
    const paths = { source: join(folder, 'source'), object: join(folder, 'object') }
    writeFileSync(paths.source, content)
    const source = { fd: openSync(paths.source, 'r'), name: 'source' }
    const object = { fd: openSync(paths.object, 'w'), name: 'object' }
    await sealFile({ source, plaintextBytes: content.length, fileKey, object })
    closeSync(source.fd)
    closeSync(object.fd)
    return readFileSync(paths.object)
  }

  test('keys as text', () => {
    const made = run(AGE_KEYGEN, []).stdout.toString()
    const identity = decodeIdentity(/AGE-SECRET-KEY-1\S+/.exec(made)?.[0] ?? '')
    assert.ok(identity !== undefined)
    assert.equal(encodeRecipient(new X25519Key(identity).publicKey), /age1\S+/.exec(made)?.[0])
    const { stdout } = run(AGE_KEYGEN, ['-y', keyFile])
    assert.deepEqual(decodeRecipient(stdout.toString().trim()), ours.publicKey)
  })

  for (const bytes of SIZES) {
    test(`it opens an object of ${bytes} B, and we open a file of it`, async () => {
      const content = contentOf(bytes)
      const fileKey = randomBytes(16)
      const object = await objectOf(content, fileKey)
      const payload = object.subarray(0, payloadBytesOf(bytes))
      const envelope = wrapEnvelope(fileKey, [stranger.publicKey, ours.publicKey])
      assert.ok(equalBytes(opened(concatBytes([envelope, payload])), content))

      const theirs = new Uint8Array(
        run(AGE, ['--recipient', encodeRecipient(ours.publicKey)], content).stdout
      )
      const unwrapped = openEnvelope(theirs, [ours])
      assert.ok(unwrapped.outcome === 'opened')
      const rest = theirs.subarray(unwrapped.header.endOffset)
      const { plaintext } = openPayload(rest, unwrapped.fileKey, { hkdf, aead })
      assert.ok(plaintext !== undefined && equalBytes(plaintext, content))
    })
  }

  test('it opens a manifest as it is stored, and an envelope that was wrapped anew', () => {
    const object = { name: '0a'.repeat(16), fileKey: randomBytes(16) }
    const empty = { bytes: 0, root: undefined, executable: false, symlink: undefined }
    const manifest = { name: 'tree', isSingleFile: false, entries: [{ path: ['a'], ...empty, object }] }
    const fileKey = randomBytes(16)
    const sealed = sealObject(encodeManifest(manifest), fileKey, { hkdf, aead, randomBytes })
    const rewrapped = rewrapEnvelope({
      envelope: wrapEnvelope(fileKey, [stranger.publicKey]),
      identities: [stranger],
      recipients: [ours.publicKey],
      existing: 'drop'
    })
    assert.ok(rewrapped.outcome === 'rewrapped')
    assert.deepEqual(
      decodeManifest(new Uint8Array(opened(concatBytes([rewrapped.envelope, sealed])))).name,
      'tree'
    )
  })

  test('it refuses the padding behind a payload, and who is no recipient', async () => {
    const fileKey = randomBytes(16)
    const object = await objectOf(contentOf(9), fileKey)
    const decrypt = ['--decrypt', '--identity', keyFile]
    const padded = concatBytes([wrapEnvelope(fileKey, [ours.publicKey]), object])
    assert.notEqual(run(AGE, decrypt, padded).status, 0)
    const foreign = concatBytes([
      wrapEnvelope(fileKey, [stranger.publicKey]),
      object.subarray(0, payloadBytesOf(9))
    ])
    assert.match(run(AGE, decrypt, foreign).stderr.toString(), /no identity matched/)
  })
})
