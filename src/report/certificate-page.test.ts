import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Certificate } from '../api/erasure.ts'
import { escaped } from '../base/html.ts'
import { certificatePage } from './certificate-page.ts'

const GOLDEN = new URL('../../test/vectors/erasure-certificate-v2.json', import.meta.url)
const certificate: Certificate = JSON.parse(readFileSync(GOLDEN, 'utf8'))

test('the page says who confirmed, who did not and why, and what it does not say', () => {
  const page = certificatePage(certificate)
  for (const words of [
    'Confirmed: 1',
    'Not confirmed, or not in full: 2',
    'lab-7',
    'left to its owner',
    'Approved by',
    'not connected'
  ])
    assert.ok(page.includes(words), words)
  for (const limit of certificate.limits) assert.ok(page.includes(escaped(limit)))
})

test('what somebody typed is text and nothing else, and nothing is loaded from anywhere', () => {
  const evil = `<script>alert('"&')</script><img src=x onerror=y>`
  const device = { ...certificate.issuedBy, name: evil }
  const page = certificatePage({
    ...certificate,
    org: { ...certificate.org, name: evil },
    issuedBy: device,
    limits: [evil],
    erasures: certificate.erasures.map(each => ({
      ...each,
      reason: evil,
      basis: evil,
      names: [evil],
      waitsFor: evil
    })),
    devices: certificate.devices.map(each => ({ ...each, name: evil, detail: evil }))
  })
  assert.doesNotMatch(page, /<script|<img|src="|href=/)
  assert.equal(escaped(evil).match(/[<>"']/), null)
  assert.ok(page.includes(escaped(evil)))
})
