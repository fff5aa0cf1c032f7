import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { verifyPeerCertificate } from '@libp2p/tls/utils'
import { DAY_MS } from '../../base/units.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { makeDeviceCertificate } from './device-certificate.ts'
import { toDeviceId, toLibp2pKey } from './libp2p-identity.ts'

describe('the certificate of a device', () => {
  test("proves the device to libp2p's own verification", async () => {
    const key = DeviceKey.generate()
    const { cert } = await makeDeviceCertificate(toLibp2pKey(key), Date.now())
    const { raw } = new X509Certificate(cert)
    assert.equal(toDeviceId(await verifyPeerCertificate(raw)), key.id)
  })

  test('is heard by devices whose clocks are wrong by hours, either way', async () => {
    const key = toLibp2pKey(DeviceKey.generate())
    const now = Date.now()
    for (const off of [-20 * DAY_MS, 20 * DAY_MS]) {
      const parsed = new X509Certificate((await makeDeviceCertificate(key, now + off)).cert)
      assert.ok(parsed.validFromDate.getTime() < now && now < parsed.validToDate.getTime())
      await verifyPeerCertificate(parsed.raw)
    }
  })

  test('has a key and a serial number of its own each time', async () => {
    const key = toLibp2pKey(DeviceKey.generate())
    const made = [await makeDeviceCertificate(key, Date.now()), await makeDeviceCertificate(key, Date.now())]
    const parsed = made.map(({ cert }) => new X509Certificate(cert))
    assert.equal(new Set(parsed.map(({ serialNumber }) => serialNumber)).size, 2)
    assert.equal(new Set(made.map(({ key: pem }) => pem)).size, 2)
    for (const { serialNumber } of parsed) assert.match(serialNumber, /^[4-7][0-9A-F]{31}$/)
  })
})
