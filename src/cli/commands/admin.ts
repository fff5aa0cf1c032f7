/** `admin`: the authority chain as it is, what stands to vote, and signing it. */

import { Option } from 'commander'
import { z } from 'zod'
import type { Authority, KeyTally, ProposalRecord, RootActed, RootRecord } from '../../api/authority.ts'
import type { DeviceName } from '../../api/field.ts'
import { formatDuration } from '../../base/units.ts'
import { named } from '../acted.ts'
import { command, type Invocation } from '../command.ts'
import { showKeyFile } from '../key-file.ts'
import { passphraseOption, readKeyPassphrase } from '../passphrase.ts'
import { absolutePathOf } from '../paths.ts'
import {
  type Column,
  isoTime,
  type Paint,
  plural,
  printable,
  relativeTime,
  renderFields,
  renderTable
} from '../text.ts'

const HASH_SHOWN = 12

interface KeyRow extends DeviceName {
  readonly kind: 'admin' | 'recovery'
}

const KEY_COLUMNS: readonly Column<KeyRow>[] = [
  { title: 'NAME', value: row => row.name ?? '-' },
  { title: 'SITE', value: row => row.site ?? '-' },
  { title: 'KIND', value: row => row.kind },
  { title: 'KEY', value: row => row.device }
]

export const listAdmins = command({
  usage: 'list',
  isDefault: true,
  summary: 'list the admins and the recovery keys of the org',
  examples: ['peerage admin list'],
  input: z.object({}),
  run: async invocation => {
    const authority = await invocation.client.call('authority', {})
    const rows: KeyRow[] = [
      ...authority.admins.map(key => ({ ...key, kind: 'admin' as const })),
      ...authority.recovery.map(key => ({ ...key, kind: 'recovery' as const }))
    ]
    invocation.result(authority, paint => [
      ...renderTable(rows, KEY_COLUMNS, paint),
      `${authority.threshold} of ${plural(authority.admins.length, 'admin')} must sign a new root`
    ])
  }
})

function names(keys: readonly DeviceName[]): string {
  return keys.map(named).join(', ') || 'nobody'
}

function tallyText({ needed, signed, missing }: KeyTally): string {
  const who = `${names(signed)} signed`
  return signed.length >= needed
    ? `${needed} needed: ${who}`
    : `${needed} needed: ${who}, ${needed - signed.length} more of ${names(missing)}`
}

function lostText(operationsLost: number): string {
  return `${plural(operationsLost, 'operation')} that admins signed since will lose their effect; propose it anew to keep them`
}

function renderProposal(proposal: ProposalRecord, paint: Paint): string[] {
  const { hash, version, by, changes, recovery, needsRecovery, operationsLost, invalidVotes } = proposal
  return [
    '',
    `${paint('bold', `proposal ${hash.slice(0, HASH_SHOWN)}`)}: root version ${version}`,
    `  by ${printable(named(by))} on ${isoTime(proposal.proposedAtMs)}`,
    ...changes.map(change => `  ${printable(change)}`),
    ...renderFields(
      [
        ['  admins before', tallyText(proposal.formerAdmins)],
        ['  admins after', tallyText(proposal.ownAdmins)],
        ...(recovery === null
          ? []
          : [
              [
                '  recovery keys',
                `${tallyText(recovery)}; ${needsRecovery ? 'they must' : 'in place of the admins before'}`
              ] as [string, string]
            ])
      ],
      paint
    ),
    ...(invalidVotes > 0
      ? [`  not counted: ${plural(invalidVotes, 'vote')} of a wrong key or signature`]
      : []),
    ...(operationsLost > 0 ? [`  ${paint('yellow', lostText(operationsLost))}`] : []),
    `  sign it with: peerage admin sign ${hash.slice(0, HASH_SHOWN)}`
  ]
}

function renderFreeze({ freeze }: Authority, paint: Paint): string[] {
  if (freeze === null) return []
  const root = ({ hash, signers }: RootRecord) =>
    `  root ${hash.slice(0, HASH_SHOWN)} signed by ${names(signers)}`
  return [
    '',
    paint(
      'red',
      `frozen: ${plural(freeze.roots.length, 'root')} of version ${freeze.version} contest each other`
    ),
    ...freeze.roots.map(each => printable(root(each))),
    printable(`  signed more than one: ${names(freeze.equivocators)}`),
    '  no authority changes until a majority of the recovery keys signs a root'
  ]
}

function renderSplit({ split, version, recovery }: Authority, paint: Paint): string[] {
  if (!split) return []
  const next =
    recovery.length === 0
      ? 'and there are no recovery keys: the authority of this org can not change any more'
      : 'only a root that a majority of the recovery keys signs can follow'
  return [
    '',
    paint('red', `votes are split: no root of version ${version + 1} can get enough admins; ${next}`)
  ]
}

function renderStatus(authority: Authority, nowMs: number, paint: Paint): string[] {
  const { beacon, expiresAtMs, approvals, staleness, chain } = authority
  const limits = staleness.filter(({ limitMs }) => limitMs !== null)
  return [
    ...renderFields(
      [
        ['org', authority.orgName],
        ['root', `version ${authority.version}, ${authority.hash}`],
        ['admins', `${names(authority.admins)}; ${authority.threshold} must sign`],
        ['recovery keys', names(authority.recovery)],
        [
          'expires',
          expiresAtMs === null ? 'never' : `${isoTime(expiresAtMs)}, ${relativeTime(expiresAtMs, nowMs)}`
        ],
        ['approvals', approvals.map(({ type, admins }) => `${type}: ${admins}`).join(', ') || 'none needed'],
        [
          'beacons',
          beacon === null
            ? 'none'
            : `${beacon.quorum} of ${names(beacon.signers)}, every ${formatDuration(beacon.periodMs)}, good for ${formatDuration(beacon.lifeMs)}`
        ],
        [
          'staleness',
          limits
            .map(({ dataClass, limitMs }) => `${dataClass}: ${formatDuration(limitMs ?? 0)}`)
            .join(', ') || 'not limited'
        ],
        ...chain
          .toReversed()
          .map(({ version, succession, signers, atMs }): [string, string] => [
            `version ${version}`,
            `${succession}, ${isoTime(atMs)}, signed by ${names(signers)}`
          ])
      ],
      paint
    ),
    ...renderFreeze(authority, paint),
    ...authority.equivocations.map(({ key, version, hashes }) =>
      paint(
        'red',
        printable(`key ${named(key)} signed ${plural(hashes.length, 'root')} of version ${version}`)
      )
    ),
    ...renderSplit(authority, paint),
    ...authority.proposals.flatMap(proposal => renderProposal(proposal, paint))
  ]
}

export const adminStatus = command({
  usage: 'status',
  summary: 'show the root in force, what stands to vote, who signed it and who is missing',
  examples: ['peerage admin status'],
  input: z.object({}),
  run: async invocation => {
    const authority = await invocation.client.call('authority', {})
    invocation.result(authority, paint => renderStatus(authority, invocation.context.nowMs(), paint))
  }
})

/** What became of a proposal or a signature. */
export function renderRootActed(acted: RootActed, paint: Paint): string[] {
  const { hash, version, changes, inForce, signsLast, missing, operationsLost, peersTold } = acted
  const sign = `peerage admin sign ${hash.slice(0, HASH_SHOWN)}`
  return [
    `root ${hash.slice(0, HASH_SHOWN)}, version ${version}: ${inForce ? paint('green', 'in force') : paint('yellow', 'not in force yet')}, sent to ${plural(peersTold, 'connected device')}`,
    ...changes.map(change => `  ${printable(change)}`),
    ...missing.map(line => `needs ${printable(line)}`),
    ...(!inForce && operationsLost > 0 ? [paint('yellow', lostText(operationsLost))] : []),
    ...(inForce ? [] : [`they sign it with: ${sign}`]),
    ...(signsLast
      ? [
          'this device has not signed: its key signs one root of a version and can not take it back; when the others have signed, do the same here'
        ]
      : [])
  ]
}

/** Signs in this process, and gives the node the signature alone. */
async function signWithFile(
  invocation: Invocation,
  given: { readonly proposal: string; readonly file: string; readonly passphraseFile: string | undefined }
): Promise<RootActed> {
  const { client, context } = invocation
  const { path, key, keys } = await showKeyFile(context, given.file)
  const { hash, bytes, version, changes } = await client.call('proposal', { proposal: given.proposal, key })
  invocation.note(`root ${hash}, version ${version}:`)
  for (const change of changes) invocation.note(`  ${printable(change)}`)
  const passphrase = await readKeyPassphrase(context, { file: given.passphraseFile })
  const signature = await keys.signRoot(path, passphrase, { hash, bytes })
  return await client.call('vote', { proposal: hash, vote: { key, signature } })
}

export const signRoot = command({
  usage: 'sign <proposal>',
  summary: 'sign a proposed root, with the key of this device or with one in a key file',
  description:
    'PROPOSAL is at least eight digits of what peerage admin status shows. A key signs one root of a version and never ' +
    'another: where others have to sign as well and might not, ask them first. A key file is opened here; the node gets the signature alone.',
  examples: ['peerage admin sign 1f2e3d4c5b6a', 'peerage admin sign 1f2e3d4c5b6a --key /media/usb/admin.key'],
  options: [
    new Option('--key <file>', 'sign with the key in this file instead of this device’s'),
    passphraseOption({ of: 'its passphrase' })
  ],
  input: z.object({
    proposal: z.string().min(1, 'write at least eight digits of its hash'),
    key: z.string().min(1, 'name a file').optional(),
    passphraseFile: z.string().optional()
  }),
  run: async (invocation, { proposal, key, passphraseFile }) => {
    const acted =
      key === undefined
        ? await invocation.client.call('vote', { proposal, vote: null })
        : await signWithFile(invocation, { proposal, file: key, passphraseFile })
    invocation.result(acted, paint => renderRootActed(acted, paint))
  }
})

export const initRecovery = command({
  usage: 'init <files...>',
  summary:
    'make recovery keys, each in a key file under a passphrase; the org has them once they are proposed',
  description:
    'A majority of the recovery keys can replace the admins. Keep each at another place, and none where an admin’s key is. ' +
    'Needs no node. The files are never written over.',
  examples: ['peerage admin recovery init /media/a/r1.key /media/b/r2.key /media/c/r3.key'],
  options: [passphraseOption({ of: 'the passphrase of all of them', each: ' for each' })],
  input: z.object({
    files: z
      .array(z.string().min(1, 'name a file'))
      .min(1, 'name a file')
      .max(8, 'an org has at most 8 of them'),
    passphraseFile: z.string().optional()
  }),
  run: async (invocation, { files, passphraseFile }) => {
    const { context } = invocation
    const { keys } = await context.loadDaemon()
    const made: { path: string; key: string }[] = []
    for (const file of files) {
      const path = absolutePathOf(file, context)
      const passphrase = await readKeyPassphrase(context, {
        file: passphraseFile,
        prompt: `new passphrase of ${file}`,
        repeat: true
      })
      made.push({ path, key: await keys.create(path, passphrase) })
    }
    invocation.result({ keys: made }, paint =>
      renderFields(
        made.map(({ path, key }) => [key, path] as const),
        paint
      )
    )
    invocation.note(`next: peerage admin propose recovery ${made.map(({ key }) => key).join(' ')}`)
  }
})
