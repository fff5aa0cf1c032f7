/** `admin override`: break-glass. An admin lifts limits of freshness for a while, for a reason that is recorded. */

import { Option } from 'commander'
import { z } from 'zod'
import { dataClass } from '../../api/field.ts'
import {
  OVERRIDE_DEVICES_MAX,
  OVERRIDE_LIFE_MAX_MS,
  OVERRIDE_REASON_CHARACTERS_MAX,
  type OverrideRecord
} from '../../api/freshness.ts'
import { formatDuration } from '../../base/units.ts'
import { deviceReference, named } from '../acted.ts'
import { command, duration, type Invocation } from '../command.ts'
import { showKeyFile } from '../key-file.ts'
import { passphraseOption, readKeyPassphrase } from '../passphrase.ts'
import { type Column, isoTime, plural, printable, relativeTime, renderTable } from '../text.ts'

const ID_SHOWN = 12

function devicesText({ devices }: OverrideRecord): string {
  return devices === null ? 'every device' : devices.map(named).join(', ')
}

interface Drafting {
  readonly classes: OverrideRecord['classes']
  readonly reason: string
  readonly lifeMs: number
  readonly devices: readonly string[] | null
}

/** Signs in this process, and gives the node the signature alone. */
async function makeWithFile(
  { client, context }: Invocation,
  drafting: Drafting,
  given: { readonly file: string; readonly passphraseFile: string | undefined }
) {
  const { path, key, keys } = await showKeyFile(context, given.file)
  const { id, bytes } = await client.call('draftOverride', { ...drafting, key })
  const passphrase = await readKeyPassphrase(context, { file: given.passphraseFile })
  const signature = await keys.signOverride(path, passphrase, { id, bytes })
  return await client.call('makeOverride', { bytes, vote: { key, signature } })
}

async function makeHere({ client }: Invocation, drafting: Drafting) {
  const { bytes } = await client.call('draftOverride', { ...drafting, key: null })
  return await client.call('makeOverride', { bytes, vote: null })
}

export const makeOverride = command({
  usage: 'make',
  isDefault: true,
  summary: 'let classes be used for a while although a device’s view of the ledger is not fresh enough',
  description:
    'Break-glass, for admins: for when the signers of beacons can not be reached. It lifts limits of freshness and nothing ' +
    'else. It can not be taken back, only waited for, and every use of it is in the audit log of the device that uses it. ' +
    'Other devices get it from those that have it, when they are linked. The word make can be left out.',
  examples: [
    'peerage admin override --class restricted --for 4h --reason "line to Lyon is cut, CHG-1234"',
    'peerage admin override --class restricted --for 1h --reason "CHG-1234" --device lab-7 --key /media/usb/admin.key'
  ],
  options: [
    new Option('--class <class...>', 'a class that it opens, repeatable').choices(dataClass.options),
    new Option('--for <duration>', `how long, at most ${formatDuration(OVERRIDE_LIFE_MAX_MS)}`),
    new Option('--reason <text>', 'why, for who reads the audit logs; no names of people'),
    new Option('--device <device...>', 'a device that it is for, repeatable (default: every device)'),
    new Option('--key <file>', 'sign with the admin’s key in this file instead of this device’s'),
    passphraseOption({ of: 'its passphrase' })
  ],
  input: z.object({
    class: z.array(dataClass, { error: 'name a class' }).min(1, 'name a class'),
    for: duration.refine(ms => ms <= OVERRIDE_LIFE_MAX_MS, 'an override lasts at most 24 h'),
    reason: z
      .string({ error: 'write a reason' })
      .trim()
      .min(1, 'write a reason')
      .max(OVERRIDE_REASON_CHARACTERS_MAX, `write at most ${OVERRIDE_REASON_CHARACTERS_MAX} characters`),
    device: z
      .array(deviceReference)
      .max(OVERRIDE_DEVICES_MAX, `at most ${OVERRIDE_DEVICES_MAX} devices; leave it out for all`)
      .optional(),
    key: z.string().min(1, 'name a file').optional(),
    passphraseFile: z.string().optional()
  }),
  run: async (invocation, { class: classes, for: lifeMs, reason, device, key, passphraseFile }) => {
    const drafting = { classes: [...new Set(classes)], reason, lifeMs, devices: device ?? null }
    const acted =
      key === undefined
        ? await makeHere(invocation, drafting)
        : await makeWithFile(invocation, drafting, { file: key, passphraseFile })
    const { context } = invocation
    invocation.result(acted, paint => [
      `override ${acted.id.slice(0, ID_SHOWN)}: ${paint('yellow', 'in force')} until ${isoTime(acted.expiresAtMs)}, ` +
        `${relativeTime(acted.expiresAtMs, context.nowMs())}, sent to ${plural(acted.peersTold, 'connected device')}`,
      printable(
        `opens ${acted.classes.join(', ')} to ${devicesText(acted)} where freshness alone would deny it: ${acted.reason}`
      )
    ])
  }
})

function overrideColumns(nowMs: number): Column<OverrideRecord>[] {
  return [
    { title: 'OVERRIDE', value: row => row.id.slice(0, ID_SHOWN) },
    { title: 'CLASSES', value: row => row.classes.join(', ') },
    { title: 'FOR', value: devicesText },
    { title: 'BY', value: row => row.signers.map(named).join(', ') },
    { title: 'MADE', value: row => isoTime(row.madeAtMs) },
    { title: 'ENDS', value: row => relativeTime(row.expiresAtMs, nowMs) },
    { title: 'REASON', value: row => row.reason }
  ]
}

export const listOverrides = command({
  usage: 'list',
  summary: 'list the overrides that hold on this device now',
  description: 'What they were used for is in the audit logs: peerage audit --action overridden.',
  examples: ['peerage admin override list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('overrides', {})
    invocation.result(list, paint =>
      list.overrides.length === 0
        ? ['no override holds']
        : renderTable(list.overrides, overrideColumns(invocation.context.nowMs()), paint)
    )
  }
})
