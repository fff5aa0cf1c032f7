/** `admin propose`: what the next root is to change. */

import { Option } from 'commander'
import { z } from 'zod'
import { BEACON_SIGNERS_MAX, RECOVERY_KEYS_MAX, ROLES_MAX, type RootChange } from '../../api/authority.ts'
import { dataClass } from '../../api/field.ts'
import { type CommandInstaller, command, duration } from '../command.ts'
import { instant } from '../instant.ts'
import { orWord } from '../or-word.ts'
import { printable } from '../text.ts'
import { renderRootActed } from './admin.ts'

const key = z
  .string()
  .min(1, 'write a device (its name, or at least eight digits of its id), or a key in full')
const KEYS =
  'KEY is a device (its name, or at least eight digits of its id), or a key in full, as peerage key show prints it.'

const whole = z.string().transform((text, context) => {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  context.addIssue({ code: 'custom', message: 'write a whole number from 1 on' })
  return z.NEVER
})

interface Proposing<Input extends z.ZodType> {
  readonly usage: string
  readonly summary: string
  readonly description?: string
  readonly example: string
  readonly options?: readonly Option[]
  readonly input: Input
  readonly change: (input: z.output<Input>, nowMs: number) => RootChange | readonly RootChange[]
}

function proposing<Input extends z.ZodType>(spec: Proposing<Input>): CommandInstaller {
  const described =
    'It is in force when enough admins have signed it. A key signs one root of a version and can not take it back: so this ' +
    'device signs at once only where nobody else has to, and else when the others have, with peerage admin sign.'
  return command({
    usage: spec.usage,
    summary: spec.summary,
    description: [spec.description, described].filter(Boolean).join(' '),
    examples: [spec.example],
    options: [
      ...(spec.options ?? []),
      new Option(
        '--sign',
        'sign it now although others have to as well: if they do not, this key signs no other of the version'
      ),
      new Option('--no-sign', 'propose only, also where this device alone could bring it into force')
    ],
    input: z.intersection(spec.input, z.object({ sign: z.boolean().optional() })),
    run: async (invocation, input) => {
      const changes = [spec.change(input, invocation.context.nowMs())].flat()
      const acted = await invocation.client.call('propose', { changes, sign: input.sign ?? null })
      invocation.result(acted, paint => renderRootActed(acted, paint))
    }
  })
}

const approvalsOf = z.string().transform((text, context) => {
  const [, type, count] = /^([a-z.-]+)=([1-9]\d?)$/.exec(text) ?? []
  if (type !== undefined && count !== undefined) return { type, admins: Number(count) }
  context.addIssue({ code: 'custom', message: 'write TYPE=COUNT, such as device.revoke=1' })
  return z.NEVER
})

/** What can not stay as it is when the admins change has to change in the same root. */
const alongOptions = (): Option[] => [
  new Option('--threshold <count>', 'in the same root: how many admins must sign a new one'),
  new Option('--approvals <type=count...>', 'in the same root: admins that must agree to a type, repeatable')
]
const along = { threshold: whole.optional(), approvals: z.array(approvalsOf).default([]) }

function alongChanges({ threshold, approvals }: z.output<z.ZodObject<typeof along>>): RootChange[] {
  return [
    ...(threshold === undefined ? [] : [{ kind: 'threshold', threshold } as const]),
    ...approvals.map(each => ({ kind: 'approvals', ...each }) as const)
  ]
}

const addAdmin = proposing({
  usage: 'add <key>',
  summary: 'propose one more admin',
  description: `${KEYS} The new admins have to sign as well, by their threshold.`,
  example: 'peerage admin propose add lab-7',
  options: alongOptions(),
  input: z.object({ key, ...along }),
  change: input => [{ kind: 'admins', add: [input.key], remove: [] }, ...alongChanges(input)]
})

const removeAdmin = proposing({
  usage: 'remove <key>',
  summary: 'propose that a key is no longer an admin’s',
  description: `${KEYS} What it signed until now, as far as this node knows it, keeps its effect.`,
  example: 'peerage admin propose remove lab-7 --replacement office-3',
  options: [new Option('--replacement <key>', 'in the same root: an admin in its place'), ...alongOptions()],
  input: z.object({ key, replacement: key.optional(), ...along }),
  change: input => [
    { kind: 'admins', add: input.replacement === undefined ? [] : [input.replacement], remove: [input.key] },
    ...alongChanges(input)
  ]
})

const setThreshold = proposing({
  usage: 'threshold <count>',
  summary: 'propose how many admins must sign a new root: more than half of them',
  example: 'peerage admin propose threshold 2',
  input: z.object({ count: whole }),
  change: ({ count }) => ({ kind: 'threshold', threshold: count })
})

const setApprovals = proposing({
  usage: 'approvals <type> <count>',
  summary: 'propose how many admins must agree to operations of a type; 1 is their author alone',
  example: 'peerage admin propose approvals device.revoke 2',
  input: z.object({ type: z.string().min(1, 'write a type, such as device.revoke'), count: whole }),
  change: ({ type, count }) => ({ kind: 'approvals', type, admins: count })
})

const setExpiry = proposing({
  usage: 'expires <time>',
  summary: 'propose when the root ends: from then on nothing is given under it until a new one is signed',
  description: 'TIME is a duration from now, a date, or never.',
  example: 'peerage admin propose expires 365d',
  input: z.object({ time: orWord('never', instant) }),
  change: ({ time }, nowMs) => ({
    kind: 'expires',
    atMs: time === null ? null : (time.atMs ?? nowMs + time.agoMs)
  })
})

const setStaleness = proposing({
  usage: 'staleness <class> <limit>',
  summary: 'propose how old a device’s view of the ledger may be for it to use data of a class',
  description: 'LIMIT is a duration, or none. Needs a beacon policy.',
  example: 'peerage admin propose staleness restricted 1h',
  input: z.object({ class: dataClass, limit: orWord('none', duration) }),
  change: input => ({ kind: 'staleness', dataClass: input.class, limitMs: input.limit })
})

const setBeacon = proposing({
  usage: 'beacon',
  summary: 'propose which devices state how recent the ledger is, and how many must',
  description: 'With --none, it ends the policy; else all the other options are needed.',
  example: 'peerage admin propose beacon --signer build-1 --signer lab-7 --quorum 2 --period 5m --life 1h',
  options: [
    new Option(
      '--signer <device...>',
      `a device that signs beacons, repeatable, at most ${BEACON_SIGNERS_MAX}`
    ),
    new Option('--quorum <count>', 'how many of them must agree'),
    new Option('--period <duration>', 'how often each signs one'),
    new Option('--life <duration>', 'how long one counts'),
    new Option('--none', 'end the policy')
  ],
  input: z
    .object({
      signer: z.array(key).max(BEACON_SIGNERS_MAX, `at most ${BEACON_SIGNERS_MAX} signers`).optional(),
      quorum: whole.optional(),
      period: duration.optional(),
      life: duration.optional(),
      none: z.boolean().default(false)
    })
    .transform(({ signer, quorum, period, life, none }, context) => {
      if (none) return { policy: null }
      if (signer !== undefined && quorum !== undefined && period !== undefined && life !== undefined)
        return { policy: { signers: signer, quorum, periodMs: period, lifeMs: life } }
      for (const [option, value] of Object.entries({ signer, quorum, period, life }))
        if (value === undefined)
          context.addIssue({
            code: 'custom',
            path: [option],
            message: 'a policy has all four, or write --none'
          })
      return z.NEVER
    }),
  change: ({ policy }) => ({ kind: 'beacon', policy })
})

const setRecovery = proposing({
  usage: 'recovery <keys...>',
  summary: 'propose the recovery keys: all of them, in place of those that there are',
  description: `${KEYS} A majority of the recovery keys that there are has to sign as well.`,
  example: 'peerage admin propose recovery KEY1 KEY2 KEY3',
  input: z.object({
    keys: z
      .array(key)
      .min(1, 'name a key')
      .max(RECOVERY_KEYS_MAX, `at most ${RECOVERY_KEYS_MAX} recovery keys`)
  }),
  change: ({ keys }) => ({ kind: 'recovery', keys })
})

const addDefaults = command({
  usage: 'defaults',
  summary: 'propose that roles may author what they may in a new org',
  description:
    'An org keeps the roles that it was founded with, so nobody may do what later versions added until a root says who may. ' +
    'This adds what new orgs begin with and this one lacks, and takes nothing. It only shows what that is, unless told --yes.',
  examples: [
    'peerage admin propose defaults',
    'peerage admin propose defaults --role privacy --role scanner --yes'
  ],
  options: [
    new Option('--role <role...>', 'only what this role lacks, repeatable; all roles by default'),
    new Option('--yes', 'propose it'),
    new Option('--sign', 'with --yes, sign it now although others have to as well'),
    new Option(
      '--no-sign',
      'with --yes, propose only, also where this device alone could bring it into force'
    )
  ],
  input: z.object({
    role: z.array(z.string().min(1, 'write a role')).max(ROLES_MAX, `at most ${ROLES_MAX} roles`).optional(),
    yes: z.boolean().default(false),
    sign: z.boolean().optional()
  }),
  run: async (invocation, { role, yes, sign }) => {
    const changes: RootChange[] = [{ kind: 'defaults', roles: role ?? null }]
    const preview = await invocation.client.call('previewRoot', { changes })
    if (!yes) {
      invocation.result(preview, () => [
        `root version ${preview.version} would change:`,
        ...preview.changes.map(change => `  ${printable(change)}`),
        'nothing was proposed; propose it with --yes'
      ])
      return
    }
    const acted = await invocation.client.call('propose', { changes, sign: sign ?? null })
    invocation.result(acted, paint => renderRootActed(acted, paint))
  }
})

export const PROPOSALS: readonly CommandInstaller[] = [
  addAdmin,
  removeAdmin,
  setThreshold,
  setApprovals,
  setExpiry,
  setStaleness,
  setBeacon,
  setRecovery,
  addDefaults
]
