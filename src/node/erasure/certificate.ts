/**
 * A certificate of erasure: what the ledger of one device says of a case, signed by that device, as JSON that can be
 * checked without a node (docs/protocol-ledger.md, section 14). It carries the operations as their authors signed them,
 * so whoever checks it need not believe the device that issued it about what others confirmed: only that the list of
 * devices is all of them.
 *
 * Signed is a domain and the canonical JSON (RFC 8785) of everything but `signature`.
 */

import { concatBytes, fromHex, fromUtf8, toHex, utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { type OperationId, parseDeviceId } from '../../base/ids.ts'
import { caseOfRecall } from '../../ledger/fold/state.ts'
import { decodeOperation, type Operation } from '../../ledger/operation/operation.ts'
import type {
  ContentErase,
  ContentRecall,
  OperationContent
} from '../../ledger/operation/operation-content.ts'
import { sha256 } from '../../store/sha256.ts'
import { type DeviceKey, verifySignature } from '../keys/device-key.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Certificate, CertificateVerification } from './erasure-terms.ts'

export const CERTIFICATE_FORMAT = 'peerage-erasure-certificate'
/** The first knew neither recalls nor who approved. */
const CERTIFICATE_VERSION = 2
const DOMAIN = utf8('peerage erasure certificate v1\n')
/** None that is larger is issued, nor read. */
export const CERTIFICATE_BYTES_MAX = 256 * 2 ** 20

export const CERTIFICATE_LIMITS: readonly string[] = [
  'It says what devices of the org confirmed. Copies that people made outside what Peerage keeps, such as exports, ' +
    'plain copies and backups of folders, are not known to it and not covered.',
  'Files are unlinked, and not overwritten: what a medium keeps of them physically is a matter of its encryption.',
  'A recall leaves what was published in place, and the keys to it, with who published it, whoever signed it.',
  'Files that were published in place belong to their owner. Where it says source-kept, they were still there.',
  'A device that is away, suspended, revoked or whose membership has expired deletes its copies when it next runs and ' +
    'learns of the erasure, if it ever does.'
]

export type CertificateTerms = Omit<Certificate, 'format' | 'v' | 'limits' | 'signature'>

export function signCertificate(terms: CertificateTerms, key: Pick<DeviceKey, 'sign'>): Certificate {
  const unsigned = {
    ...{ format: CERTIFICATE_FORMAT, v: CERTIFICATE_VERSION, ...terms },
    limits: CERTIFICATE_LIMITS
  }
  const bytes = signedBytes(unsigned)
  // Half of what is read, as it is written with white space.
  if (bytes.length > CERTIFICATE_BYTES_MAX / 2)
    throw new AppError(
      'CERTIFICATE_INVALID',
      `the certificate would be too large to be read again: ${terms.erasures.length} versions by ${terms.devices.length} devices`
    )
  return { ...unsigned, signature: toHex(key.sign(bytes)) }
}

function signedBytes(unsigned: object): Uint8Array {
  return concatBytes([DOMAIN, utf8(canonicalJson(unsigned))])
}

/** AppError CERTIFICATE_INVALID, with what is wrong. */
export function verifyCertificate(bytes: Uint8Array): CertificateVerification {
  if (bytes.length > CERTIFICATE_BYTES_MAX) throw invalid('it is too large')
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(bytes) ?? '')
  } catch {
    throw invalid('it is no JSON')
  }
  const { signature, ...unsigned } = objectOf(value)
  if (unsigned.format !== CERTIFICATE_FORMAT) throw invalid('it is none')
  if (unsigned.v !== 1 && unsigned.v !== CERTIFICATE_VERSION)
    throw invalid(`it is of version ${String(unsigned.v)}, and ${CERTIFICATE_VERSION} is known here`)
  const issuedBy = objectOf(unsigned.issuedBy)
  const org = objectOf(unsigned.org)
  const issuer = parseDeviceId(text(issuedBy.device))
  const signed = fromHex(text(signature))
  if (issuer === undefined || signed === undefined || !verifySignature(issuer, signedBytes(unsigned), signed))
    throw invalid('it is not what its issuer signed')
  const checked = { org: text(org.id), id: text(unsigned.case), erased: new Set<string>(), signatures: 1 }
  for (const erasure of listOf(unsigned.erasures)) checkErasure(erasure, checked)
  let confirmed = 0
  const devices = listOf(unsigned.devices)
  for (const device of devices) if (isConfirmed(device, checked)) confirmed++
  return {
    ...{ case: checked.id, org: { id: checked.org, name: text(org.name) } },
    issuedBy: { device: issuer, name: textOrNull(issuedBy.name), site: textOrNull(issuedBy.site) },
    ...{ issuedAtMs: Number(unsigned.issuedAtMs), signatures: checked.signatures },
    ...{ confirmed, open: devices.length - confirmed }
  }
}

interface Checked {
  readonly org: string
  readonly id: string
  /** Operations of the case. */
  readonly erased: Set<string>
  signatures: number
}

function checkErasure(row: Record<string, unknown>, checked: Checked): void {
  const { id, org, content } = operationOf(row, checked)
  const isSaid =
    isOfCase(content, { row, id: checked.id, operation: id }) &&
    content.version === row.version &&
    content.reason === row.reason &&
    org === checked.org
  if (!isSaid) throw invalid(`operation ${id} is not the erasure that it names`)
  for (const approval of row.approvals === undefined ? [] : listOf(row.approvals)) {
    const said = operationOf(approval, checked)
    const isApproval = said.content?.type === 'approve' && said.content.operation === id
    const isBy = said.author === objectOf(approval.by).device && said.org === checked.org
    if (!isApproval || !isBy) throw invalid(`operation ${said.id} is not the approval that it names`)
  }
  checked.erased.add(id)
}

function isOfCase(
  content: OperationContent | undefined,
  of: { readonly row: Record<string, unknown>; readonly id: string; readonly operation: OperationId }
): content is ContentErase | ContentRecall {
  const { kind = 'erasure', basis } = of.row
  if (content?.type === 'content.recall')
    return kind === 'recall' && caseOfRecall(of.operation) === of.id && basis === 'recall'
  return (
    content?.type === 'content.erase' &&
    kind === 'erasure' &&
    content.case === of.id &&
    content.basis === basis
  )
}

/** Whether what its device signed says of every erasure of the case that nothing is left there. */
function isConfirmed(row: Record<string, unknown>, checked: Checked): boolean {
  const done = new Set<string>()
  for (const said of listOf(row.confirmations)) {
    const { id, org, author, content } = operationOf(said, checked)
    const isSaid =
      content?.type === 'erase.confirm' &&
      content.erase === said.erase &&
      content.outcome === said.outcome &&
      content.bytes === said.bytes &&
      content.keys === said.keys &&
      author === row.device &&
      org === checked.org
    if (!isSaid || !checked.erased.has(content.erase))
      throw invalid(`operation ${id} is not the confirmation that it names`)
    if (content.outcome !== 'source-kept') done.add(content.erase)
  }
  const isDone = checked.erased.size > 0 && done.size === checked.erased.size
  if (isDone !== (row.state === 'confirmed'))
    throw invalid(`what device ${text(row.device)} confirmed is not its state`)
  return isDone
}

function operationOf(row: Record<string, unknown>, checked: Checked): Operation {
  const record = new Uint8Array(Buffer.from(text(row.record), 'base64'))
  const decoded = decodeOperation(record, { verify, sha256 })
  if (!decoded.ok) throw invalid(`operation ${text(row.operation)}: ${decoded.detail}`)
  if (decoded.value.id !== row.operation) throw invalid(`operation ${text(row.operation)} is another one`)
  checked.signatures++
  return decoded.value
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw invalid('it is malformed')
}

function listOf(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw invalid('it is malformed')
  return value.map(objectOf)
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw invalid('it is malformed')
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : text(value)
}

function invalid(why: string): AppError {
  return new AppError('CERTIFICATE_INVALID', `the certificate is not valid: ${why}`)
}
