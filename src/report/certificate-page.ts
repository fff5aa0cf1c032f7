/**
 * A certificate of erasure as a page to print: one file, no resource from anywhere, no script, and whatever somebody
 * typed is escaped. It is a rendering; what is signed is the JSON beside it.
 */

import type { CaseDevice, Certificate } from '../api/erasure.ts'
import { escaped } from '../base/html.ts'
import { shortId } from '../base/ids.ts'
import { formatBytes } from '../base/units.ts'
import { isoTime, named } from '../base/words.ts'
import { PAGE_STYLE, table } from './printed-page.ts'

const STATES: Readonly<Record<CaseDevice['state'], string>> = {
  confirmed: 'confirmed',
  'source-kept': 'confirmed, but what was published there in place was left to its owner',
  waiting: 'has not confirmed yet',
  away: 'has not confirmed: it is not connected',
  excluded: 'can not confirm'
}

export function certificatePage(certificate: Certificate): string {
  const { case: id, org, issuedBy, issuedAtMs, erasures, devices, limits, signature } = certificate
  const groups = [
    ['Confirmed', devices.filter(({ state }) => state === 'confirmed')],
    ['Not confirmed, or not in full', devices.filter(({ state }) => state !== 'confirmed')]
  ] as const
  const holds = erasures.flatMap(({ names, holds: own }) =>
    own.map(hold => [
      names.join(', '),
      shortId(hold.operation),
      named(hold.by),
      isoTime(hold.placedAtMs),
      hold.reason ?? '-'
    ])
  )
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>Certificate of erasure ${escaped(id)}</title><style>${PAGE_STYLE}</style></head><body>`,
    '<h1>Certificate of erasure</h1>',
    table([
      ['Case', id],
      ['Organisation', `${org.name} (${org.id})`],
      ['Issued by', `${named(issuedBy)} (${issuedBy.device})`],
      ['Issued at', isoTime(issuedAtMs)]
    ]),
    '<h2>What was erased</h2>',
    table(
      erasures.map(each => [
        ...[
          each.names.join(', '),
          each.version,
          each.basis,
          each.reason ?? '-',
          named(each.by),
          isoTime(each.atMs)
        ],
        approvers(each),
        each.waitsFor === null ? 'in force' : `no effect yet: ${each.waitsFor}`
      ]),
      ['Dataset', 'Version', 'Basis', 'Reason', 'By', 'At', 'Approved by', 'State']
    ),
    ...groups.flatMap(([title, rows]) => [
      `<h2>${title}: ${rows.length}</h2>`,
      table(rows.map(deviceRow), ['Device', 'State', 'Deleted', 'Keys', 'Last word', 'Last seen'])
    ]),
    '<h2>Holds that delay deletion</h2>',
    holds.length === 0 ? '<p>None.</p>' : table(holds, ['Dataset', 'Hold', 'By', 'Since', 'Reason']),
    '<h2>What this does not say</h2>',
    `<ul>${limits.map(limit => `<li>${escaped(limit)}</li>`).join('')}</ul>`,
    `<p>This page shows a signed file in JSON, which <code>peerage erase verify</code> checks. Signature of the issuer:</p>`,
    `<p><code>${escaped(signature)}</code></p></body></html>`,
    ''
  ].join('\n')
}

function approvers({ approvals }: Certificate['erasures'][number]): string {
  if (approvals.length === 0) return '-'
  return approvals.map(({ by, atMs }) => `${named(by)} at ${isoTime(atMs)}`).join(', ')
}

function deviceRow({ state, detail, confirmations, lastSeenAtMs, ...device }: CaseDevice): string[] {
  const bytes = confirmations.reduce((sum, each) => sum + each.bytes, 0)
  const lastMs = Math.max(0, ...confirmations.map(({ atMs }) => atMs))
  const held = confirmations.some(({ outcome }) => outcome !== 'not-held')
  const deleted = held ? formatBytes(bytes) : 'it held nothing'
  return [
    `${named(device)} (${device.device})`,
    detail === null ? STATES[state] : `${STATES[state]}: ${detail}`,
    confirmations.length === 0 ? '-' : deleted,
    confirmations.some(({ keys }) => keys) ? 'destroyed' : 'none',
    lastMs === 0 ? '-' : isoTime(lastMs),
    lastSeenAtMs === null ? 'never' : isoTime(lastSeenAtMs)
  ]
}
