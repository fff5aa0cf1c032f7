/** `access`, `dataset policy` and `dataset origin`: who may read what, and where it can be had besides. */

import { Option } from 'commander'
import { z } from 'zod'
import { datasetName } from '../../api/field.ts'
import {
  type GrantRecord,
  LABELS_MAX,
  type PolicyRecord,
  policyAccess,
  type Scope
} from '../../api/governance.ts'
import { deviceReference, expiresOption, named, renderActed, term } from '../acted.ts'
import { command } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import { orWord } from '../or-word.ts'
import { type Column, isoTime, renderTable } from '../text.ts'
import { renderReadable, renderReaders } from './readers.ts'

export const what = z.string().transform((text, context): Scope => {
  if (text === 'all') return { kind: 'all' }
  if (text.startsWith('label:') && text.length > 6) return { kind: 'label', label: text.slice(6) }
  if (text.endsWith('/') && text.length > 1) return { kind: 'prefix', prefix: text }
  const name = datasetName.safeParse(text.startsWith('name:') ? text.slice(5) : text)
  if (name.success) return { kind: 'name', name: name.data }
  context.addIssue({
    code: 'custom',
    message: 'write a dataset, the beginning of names up to a slash (os/), label:LABEL, or all'
  })
  return z.NEVER
})

export function scopeText(scope: Scope): string {
  switch (scope.kind) {
    case 'name':
      return scope.name
    case 'prefix':
      return scope.prefix
    case 'label':
      return `label:${scope.label}`
    case 'all':
      return 'all'
  }
}

const GRANT_COLUMNS: readonly Column<GrantRecord>[] = [
  {
    title: 'WHO',
    value: ({ grantee }) => (grantee.kind === 'group' ? `group:${grantee.name}` : named(grantee))
  },
  { title: 'WHAT', value: row => scopeText(row.scope) },
  { title: 'PURPOSE', value: row => row.purpose ?? '-' },
  { title: 'BY', value: row => named(row.by) },
  { title: 'SINCE', value: row => isoTime(row.grantedAtMs) },
  { title: 'UNTIL', value: row => (row.expiresAtMs === null ? '-' : isoTime(row.expiresAtMs)) }
]

const POLICY_COLUMNS: readonly Column<PolicyRecord>[] = [
  { title: 'DATASET', value: row => row.name },
  { title: 'OWNER', value: row => (row.owner === null ? 'admins' : named(row.owner)) },
  { title: 'READ', value: row => (row.access === 'granted' ? 'with a grant only' : 'as its class says') },
  { title: 'LABELS', value: row => row.labels.join(', ') || '-' }
]

export const listAccess = command({
  usage: 'list [dataset]',
  isDefault: true,
  summary:
    'list what was granted and the policies of datasets, or who may read a version, or what a device may read',
  description:
    'With DATASET, every device that may read the version (without one, the newest), why, and when it last did. With ' +
    '--device, every version that it may read. When is known from audit logs, of devices that are connected.',
  examples: ['peerage access list', 'peerage access payroll', 'peerage access --device lab-7'],
  options: [
    new Option('--device <device>', 'what this device may read: its name, or at least eight digits of its id')
  ],
  input: z
    .object({ dataset: datasetReference.optional(), device: deviceReference.optional() })
    .refine(({ dataset, device }) => dataset === undefined || device === undefined, {
      path: ['device'],
      message: 'name a dataset or a device, not both'
    }),
  run: async (invocation, { dataset, device }) => {
    if (dataset !== undefined) {
      const readers = await invocation.client.call('readers', dataset)
      invocation.result(readers, paint => renderReaders(readers, paint))
      return
    }
    if (device !== undefined) {
      const readable = await invocation.client.call('readable', { device })
      invocation.result(readable, paint => renderReadable(readable.versions, paint))
      return
    }
    const list = await invocation.client.call('access', {})
    invocation.result(list, paint => [
      ...(list.grants.length === 0
        ? ['nothing is granted; public and internal data needs no grant unless its policy says so']
        : renderTable(list.grants, GRANT_COLUMNS, paint)),
      ...(list.policies.length === 0 ? [] : ['', ...renderTable(list.policies, POLICY_COLUMNS, paint)])
    ])
  }
})

const who = z.string().min(1, 'write a device, or group:NAME')
const WHO_AND_WHAT =
  'WHO is a device (its name, or at least eight digits of its id) or group:NAME. WHAT is a dataset, the beginning of ' +
  'names up to a slash, label:LABEL, or all.'

export const grantAccess = command({
  usage: 'grant <who> <what>',
  summary: 'let a device, or the devices of a group, read datasets',
  description: WHO_AND_WHAT,
  examples: [
    'peerage access grant lab-7 payroll --purpose audit-2026 --expires 30d',
    'peerage access grant group:renderers textures/',
    'peerage access grant group:renderers label:scenes'
  ],
  options: [
    new Option('--purpose <purpose>', 'what for; it is written into the audit log of each read'),
    expiresOption('it')
  ],
  input: z.object({
    who,
    what,
    purpose: z.string().min(1, 'write what for').optional(),
    expires: term.optional()
  }),
  run: async (invocation, input) => {
    const acted = await invocation.client.call('grantAccess', {
      ...{ who: input.who, scope: input.what, purpose: input.purpose ?? null },
      expiresInMs: input.expires ?? null
    })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const revokeAccess = command({
  usage: 'revoke <who> [what]',
  summary: 'take a grant back, or without WHAT all of them',
  description: `${WHO_AND_WHAT} It takes what was granted with the same WHAT.`,
  examples: ['peerage access revoke lab-7 payroll', 'peerage access revoke group:renderers'],
  input: z.object({ who, what: what.optional() }),
  run: async (invocation, input) => {
    const acted = await invocation.client.call('revokeAccess', {
      ...{ who: input.who, scope: input.what ?? null }
    })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

/** The same by the dataset first, as most people say it. */
export const grant = command({
  usage: 'grant <what>',
  summary: 'let a device, or the devices of a group, read a dataset',
  description: `As peerage access grant, the other way round. ${WHO_AND_WHAT}`,
  examples: [
    'peerage grant payroll --to lab-7 --purpose audit-2026 --expires 30d',
    'peerage grant textures/ --to group:renderers'
  ],
  options: [
    new Option('--to <who>', 'the device, or group:NAME').makeOptionMandatory(),
    new Option('--purpose <purpose>', 'what for; it is written into the audit log of each read'),
    expiresOption('it')
  ],
  input: z.object({
    what,
    to: who,
    purpose: z.string().min(1, 'write what for').optional(),
    expires: term.optional()
  }),
  run: async (invocation, input) => {
    const acted = await invocation.client.call('grantAccess', {
      ...{ who: input.to, scope: input.what, purpose: input.purpose ?? null },
      expiresInMs: input.expires ?? null
    })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const revoke = command({
  usage: 'revoke <what>',
  summary: 'take a grant of a dataset back',
  description: `As peerage access revoke, the other way round. ${WHO_AND_WHAT} It takes what was granted with the same WHAT.`,
  examples: ['peerage revoke payroll --from lab-7'],
  options: [new Option('--from <who>', 'the device, or group:NAME').makeOptionMandatory()],
  input: z.object({ what, from: who }),
  run: async (invocation, input) => {
    const acted = await invocation.client.call('revokeAccess', { who: input.from, scope: input.what })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const setPolicy = command({
  usage: 'policy <name>',
  summary: 'set the labels of a dataset, and whether it is read with a grant only',
  description:
    'Replaces the policy that it has: what is left out is not kept. For the owner of the dataset, and admins.',
  examples: [
    'peerage dataset policy payroll --access granted',
    'peerage dataset policy scenes --label scenes --label eu'
  ],
  options: [
    new Option('--label <label...>', `a label, repeatable; at most ${LABELS_MAX}`).default([], 'none'),
    new Option('--access <who>', 'members: as its class says; granted: with a grant only')
      .choices(policyAccess.options)
      .default('members')
  ],
  input: z.object({
    name: datasetName,
    label: z.array(z.string().min(1, 'write a label')).max(LABELS_MAX, `at most ${LABELS_MAX} labels`),
    access: policyAccess
  }),
  run: async (invocation, { name, label, access }) => {
    const acted = await invocation.client.call('setPolicy', { name, labels: label, access })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const setOrigin = command({
  usage: 'origin <dataset> <url>',
  summary: 'say where the bytes of a version can be had beside the devices of the org, or nowhere with none',
  description:
    'URL is the file, or a folder if it ends in a slash: the files of the version are below it. The devices of the org ' +
    'take from there, once for all of them, what no reachable device has, and what devices alone would bring too late ' +
    'for a --deadline. Every byte is verified. The URL is read by every member: it has no user, password or query. ' +
    'Devices that reach no other one learn what is in the version from URL.torrent, if it is there.',
  examples: [
    'peerage dataset origin os-image https://mirror.example/os/image.qcow2',
    'peerage dataset origin ml/models@3 none'
  ],
  input: z.object({ dataset: datasetReference, url: orWord('none', z.string().min(1)) }),
  run: async (invocation, { dataset, url }) => {
    const acted = await invocation.client.call('setOrigin', { ...dataset, url })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})
