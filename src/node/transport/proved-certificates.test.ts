import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { generateCertificate, verifyPeerCertificate } from '@libp2p/tls/utils'
import { DeviceKey } from '../keys/device-key.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import { toLibp2pKey, toPeerId } from './libp2p-identity.ts'
import { PROVED_MAX, ProvedCertificates } from './proved-certificates.ts'

async function certificateOf(key: DeviceKey): Promise<X509Certificate> {
  return new X509Certificate((await generateCertificate(toLibp2pKey(key))).cert)
}

/** Counts how often a certificate is verified in full. */
function counted(nowMs?: () => number): { proved: ProvedCertificates; count: () => number } {
  let count = 0
  const verify = (raw: Uint8Array) => {
    count++
    return verifyPeerCertificate(raw)
  }
  return { proved: new ProvedCertificates(verify, nowMs), count: () => count }
}

test('a certificate is verified once, and another of the same device again', async () => {
  const key = DeviceKey.generate()
  const [first, second] = await Promise.all([certificateOf(key), certificateOf(key)])
  const { proved, count } = counted()
  for (const certificate of [first, first, second, first])
    assert.equal((await proved.peerOf(certificate)).toString(), toPeerId(key.id).toString())
  assert.equal(count(), 2)
})

test('what proves nothing is refused each time', async () => {
  const certificate = await certificateOf(DeviceKey.generate())
  const { raw } = certificate
  raw[raw.length - 1] = (raw.at(-1) ?? 0) ^ 1 // its own signature
  const { proved } = counted()
  for (let time = 0; time < 2; time++) await assert.rejects(proved.peerOf(new X509Certificate(raw)))
})

test('a certificate that has been verified ends all the same', async () => {
  const certificate = await certificateOf(DeviceKey.generate())
  let nowMs = Date.now()
  const { proved } = counted(() => nowMs)
  await proved.peerOf(certificate)
  nowMs = certificate.validToDate.getTime() + 1
  await assert.rejects(proved.peerOf(certificate), /valid from .* to /)
  nowMs = certificate.validFromDate.getTime() - 1
  await assert.rejects(proved.peerOf(certificate), /valid from .* to /)
})

test('no more are remembered than the limit says', async () => {
  const peer = toPeerId(DeviceKey.generate().id)
  let count = 0
  const proved = new ProvedCertificates(async () => {
    count++
    return peer
  })
  const { raw, validFromDate, validToDate } = await certificateOf(DeviceKey.generate())
  const named = (name: number): X509Certificate =>
    scripted<X509Certificate>({ raw, validFromDate, validToDate, fingerprint256: String(name) })
  for (let name = 0; name <= PROVED_MAX; name++) await proved.peerOf(named(name))
  await proved.peerOf(named(PROVED_MAX))
  assert.equal(count, PROVED_MAX + 1)
  await proved.peerOf(named(0))
  assert.equal(count, PROVED_MAX + 2)
})
