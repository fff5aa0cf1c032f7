import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { canonicalJson } from './canonical-json.ts'
import { verifyCertificate } from './certificate.ts'
import { sampleCertificate, signedAgain } from './certificate-sample.conformance.ts'
import type { Certificate } from './erasure-terms.ts'

const golden = (version: number): string =>
  readFileSync(new URL(`../../../test/vectors/erasure-certificate-v${version}.json`, import.meta.url), 'utf8')
const check = (certificate: unknown) => verifyCertificate(utf8(JSON.stringify(certificate)))
const isInvalid = (why: RegExp) => (thrown: unknown) =>
  thrown instanceof AppError && thrown.code === 'CERTIFICATE_INVALID' && why.test(thrown.message)

describe('a certificate of erasure', () => {
  it('is written as its golden vector, and read from it', () => {
    assert.deepEqual(sampleCertificate(), JSON.parse(golden(2)))
    const { signatures, confirmed, open } = verifyCertificate(utf8(golden(2)))
    assert.deepEqual({ signatures, confirmed, open }, { signatures: 5, confirmed: 1, open: 2 })
  })

  it('of the first version, which knew no approvals, is read as well', () => {
    const { signatures, confirmed, open } = verifyCertificate(utf8(golden(1)))
    assert.deepEqual({ signatures, confirmed, open }, { signatures: 4, confirmed: 1, open: 2 })
  })

  it('is refused when anything in it was changed, whatever it is', () => {
    const certificate = sampleCertificate()
    const changes: Partial<Certificate>[] = [
      { issuedAtMs: 5 },
      { case: 'ff'.repeat(16) },
      { org: { ...certificate.org, name: 'Other' } },
      { devices: certificate.devices.slice(0, 2) },
      { limits: [] }
    ]
    for (const change of changes)
      assert.throws(() => check({ ...certificate, ...change }), isInvalid(/not what its issuer signed/))
    assert.throws(() => check({ ...certificate, extra: 1 }), isInvalid(/not what its issuer signed/))
  })

  it('can not have a device say what it did not, even if its issuer lies', () => {
    const certificate = sampleCertificate()
    const [admin, lab, office] = certificate.devices
    assert(admin !== undefined && lab !== undefined && office !== undefined)
    const lie = (devices: Certificate['devices'], why: RegExp) =>
      assert.throws(() => check(signedAgain({ ...certificate, devices })), isInvalid(why))
    lie([admin, lab, { ...office, state: 'confirmed' }], /is not its state/)
    lie([{ ...admin, state: 'confirmed' }, lab, office], /is not its state/)
    lie(
      [admin, lab, { ...office, state: 'confirmed', confirmations: lab.confirmations }],
      /not the confirmation/
    )
    const [word] = lab.confirmations
    assert(word !== undefined)
    lie([admin, { ...lab, confirmations: [{ ...word, bytes: 0 }] }, office], /not the confirmation/)
    const record = Buffer.from(word.record, 'base64')
    record[record.length - 1] = (record[record.length - 1] ?? 0) ^ 1
    const forged = { ...word, record: record.toString('base64') }
    lie([admin, { ...lab, confirmations: [forged] }, office], /signature/)
    const other = certificate.erasures.map(each => ({ ...each, reason: 'another' }))
    assert.throws(() => check(signedAgain({ ...certificate, erasures: other })), isInvalid(/not the erasure/))
    const recalls = certificate.erasures.map(each => ({ ...each, kind: 'recall' as const }))
    assert.throws(
      () => check(signedAgain({ ...certificate, erasures: recalls })),
      isInvalid(/not the erasure/)
    )
    const [erasure] = certificate.erasures
    const [approval] = erasure?.approvals ?? []
    assert(erasure !== undefined && approval !== undefined)
    for (const forgedApproval of [
      { ...approval, by: admin },
      { ...approval, record: erasure.record, operation: erasure.operation }
    ]) {
      const erasures = [{ ...erasure, approvals: [forgedApproval] }]
      assert.throws(() => check(signedAgain({ ...certificate, erasures })), isInvalid(/not the approval/))
    }
    assert.throws(
      () => check(signedAgain({ ...certificate, erasures: [] })),
      isInvalid(/not the confirmation/)
    )
  })

  it('of an unknown version, or anything else, is refused as such', () => {
    assert.throws(() => check({ ...sampleCertificate(), v: 3 }), isInvalid(/version 3, and 2 is known/))
    for (const text of ['', '[]', 'null', '{}', '{"format":"peerage-erasure-certificate","v":1}'])
      assert.throws(() => verifyCertificate(utf8(text)), isInvalid(/./))
  })
})

describe('canonical JSON', () => {
  it('has one form, whatever the order of keys', () => {
    const text = '{"":null,"a":[1,true,"\\u0001é"],"b":{"x":-5},"ü":""}'
    assert.equal(
      canonicalJson({ ü: '', b: { x: -5, y: undefined }, a: [1, true, '\u0001é'], '': null }),
      text
    )
  })
})
