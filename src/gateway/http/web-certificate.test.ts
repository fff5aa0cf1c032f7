import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { DAY_MS } from '../../base/units.ts'
import { ownCertificate, readCertificate } from './web-certificate.ts'

const NOW_MS = Date.UTC(2026, 5, 1)
let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'peerage-web-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const file = (name: string): string => join(home, 'web', name)

test('is for the names of the machine and those given, and signs itself', async () => {
  const { cert, fingerprint } = await ownCertificate(home, {
    names: ['10.1.2.3', 'nas.example'],
    nowMs: NOW_MS
  })
  const parsed = new X509Certificate(cert)
  for (const host of [hostname(), 'localhost', 'nas.example']) assert.ok(parsed.checkHost(host), host)
  for (const ip of ['127.0.0.1', '::1', '10.1.2.3']) assert.ok(parsed.checkIP(ip), ip)
  assert.equal(parsed.checkHost('other.example'), undefined)
  assert.ok(parsed.verify(parsed.publicKey))
  assert.equal(parsed.ca, false)
  assert.equal(parsed.fingerprint256, fingerprint)
  assert.equal(statSync(file('key.pem')).mode & 0o777, 0o600)
})

test('is kept until a month before its end, or another name is asked for', async () => {
  const fingerprintAt = async (days: number, names: readonly string[] = []) =>
    (await ownCertificate(home, { names, nowMs: NOW_MS + days * DAY_MS })).fingerprint
  const first = await fingerprintAt(0)
  assert.equal(await fingerprintAt(360), first)
  const second = await fingerprintAt(370)
  assert.notEqual(second, first)
  assert.equal(await fingerprintAt(371), second)
  assert.notEqual(await fingerprintAt(371, ['nas.example']), second)
})

test('a key and a certificate that do not belong together, or are none, are made anew', async () => {
  const at = { names: [], nowMs: NOW_MS }
  const first = await ownCertificate(home, at)
  const other = mkdtempSync(join(tmpdir(), 'peerage-web-'))
  writeFileSync(file('key.pem'), (await ownCertificate(other, at)).key)
  rmSync(other, { recursive: true })
  const second = await ownCertificate(home, at)
  assert.notEqual(second.fingerprint, first.fingerprint)
  writeFileSync(file('cert.pem'), 'no certificate')
  assert.notEqual((await ownCertificate(home, at)).fingerprint, second.fingerprint)
})

test('files of others are taken as they are, and refused with their paths when they do not fit', async () => {
  const own = await ownCertificate(home, { names: [], nowMs: NOW_MS })
  const files = { cert: file('cert.pem'), key: file('key.pem') }
  assert.equal(readCertificate(files).fingerprint, own.fingerprint)
  writeFileSync(files.key, readFileSync(files.cert))
  assert.throws(
    () => readCertificate(files),
    (thrown: unknown) =>
      thrown instanceof AppError && thrown.code === 'LISTEN_FAILED' && thrown.message.includes(files.key)
  )
})
