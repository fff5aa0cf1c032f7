/** A small case with everything in it: one device confirmed, one left a source, one is away; from fixed keys. */

import { orgIdFromBytes, versionIdFromBytes } from '../../base/ids.ts'
import { createOperation, type Operation } from '../../ledger/operation/operation.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { signCertificate } from './certificate.ts'
import type { CaseConfirmation, CaseDevice, Certificate } from './erasure-terms.ts'

const AT_MS = 1_800_000_000_000
const CASE = '0123456789abcdef0123456789abcdef'
const keyOf = (name: string) => DeviceKey.fromSeed(sha256(Buffer.from(name)))
const org = orgIdFromBytes(sha256(Buffer.from('org')))
const version = versionIdFromBytes(sha256(Buffer.from('version')))

function operationOf(key: DeviceKey, content: OperationContent): Operation {
  const draft = {
    ...{ org, root: sha256(Buffer.from('root')), author: key.id, incarnation: '00000000000000a1' },
    ...{ seq: 1, prev: null, deps: [], content, timeMs: AT_MS, expiresMs: null }
  }
  return createOperation(draft, { sign: message => key.sign(message), sha256 })
}

const base64 = ({ record }: Operation) => Buffer.from(record).toString('base64')

export function sampleCertificate(): Certificate {
  const [admin, lab, office] = [keyOf('admin'), keyOf('lab'), keyOf('office')]
  const by = { device: admin.id, name: 'build-1', site: 'berlin' }
  const said = { version, basis: 'art17', reason: 'asked <for> by letter' }
  const erase = operationOf(admin, { type: 'content.erase', ...said, case: CASE, subject: null })
  const approval = operationOf(lab, { type: 'approve', operation: erase.id })
  const confirm = (key: DeviceKey, outcome: CaseConfirmation['outcome'], bytes: number): CaseConfirmation => {
    const word = { erase: erase.id, outcome, bytes, keys: false }
    const operation = operationOf(key, { type: 'erase.confirm', ...word })
    return { ...word, operation: operation.id, atMs: AT_MS, record: base64(operation) }
  }
  const devices: CaseDevice[] = [
    {
      ...{
        ...by,
        state: 'source-kept',
        detail: 'the source is its owner’s to delete',
        lastSeenAtMs: AT_MS
      },
      confirmations: [confirm(admin, 'source-kept', 0)]
    },
    {
      ...{
        device: lab.id,
        name: 'lab-7',
        site: 'paris',
        state: 'confirmed',
        detail: null,
        lastSeenAtMs: AT_MS
      },
      confirmations: [confirm(lab, 'deleted', 40_000)]
    },
    {
      ...{ device: office.id, name: null, site: null, state: 'away', detail: null, lastSeenAtMs: null },
      confirmations: []
    }
  ]
  const terms = {
    case: CASE,
    org: { id: org, name: 'Acme & Söhne' },
    issuedBy: by,
    issuedAtMs: AT_MS + 1,
    erasures: [
      {
        ...{
          operation: erase.id,
          ...said,
          names: ['scans/2031'],
          by,
          atMs: AT_MS,
          inForce: true,
          waitsFor: null
        },
        kind: 'erasure' as const,
        ...{ holds: [], awaits: [] },
        approvals: [
          {
            ...{ operation: approval.id, atMs: AT_MS, record: base64(approval) },
            by: { device: lab.id, name: 'lab-7', site: 'paris' }
          }
        ],
        record: base64(erase)
      }
    ],
    devices
  }
  return signCertificate(terms, admin)
}

/** As a dishonest issuer would sign it. */
export function signedAgain(certificate: Certificate): Certificate {
  const { format: _f, v: _v, limits: _l, signature: _s, ...terms } = certificate
  return signCertificate(terms, keyOf('admin'))
}
