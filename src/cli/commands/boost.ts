/** `boost`: copies that servers take in passing of what many devices want. */

import { Option } from 'commander'
import { z } from 'zod'
import type { BoostRequest } from '../../api/boost.ts'
import { renderBoosts } from '../boost-text.ts'
import { command, duration, type Invocation } from '../command.ts'

async function show(invocation: Invocation, change?: BoostRequest): Promise<undefined> {
  const { client, context } = invocation
  const report =
    change === undefined ? await client.call('boosts', {}) : await client.call('setBoosts', change)
  invocation.result(report, paint => renderBoosts(report, { paint, nowMs: context.nowMs() }))
  return undefined
}

export const showBoosts = command({
  usage: 'show',
  isDefault: true,
  summary: 'show which versions many devices want, which servers have them, and what is here in passing',
  description:
    'A server that offers room (peerage capacity set) takes a copy in passing of what many devices want and too few ' +
    'servers have, and lets go of it when nobody wants it any more. Such a copy is promised to nobody: it counts for no ' +
    'rule of storage, and goes when owed copies need its room. Who wants what is told by site, as numbers.',
  examples: ['peerage boost', 'peerage boost --json | jq ".demand[] | {name, wanted}"'],
  input: z.object({}),
  run: invocation => show(invocation)
})

const whole = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, 'write a whole number above 0')
  .transform(Number)
const part = z.string().transform((text, context) => {
  const percent = /^(\d{1,2}|100)%$/.exec(text)?.[1]
  if (percent !== undefined) return Number(percent) / 100
  context.addIssue({ code: 'custom', message: 'write a part of the free room such as 25%' })
  return z.NEVER
})

export const setBoosts = command({
  usage: 'set',
  summary: 'set when this device takes copies in passing, and how much room they may have',
  description:
    'What is not named stays as it is. Servers that are set differently decide differently: set all alike.',
  examples: ['peerage boost set --wanted 5 --room 40%', 'peerage boost set --linger 4h --servers 5'],
  options: [
    new Option('--wanted <count>', 'from so many devices on that want a version (default: 3)'),
    new Option('--per-server <count>', 'devices that may share a server (default: 16)'),
    new Option('--servers <count>', 'servers of a version, beyond which none is added (default: 3)'),
    new Option('--linger <time>', 'how long a copy stays when nobody wants it (default: 1h)'),
    new Option('--room <part>', 'of what owed copies leave of the room (default: 25%)'),
    new Option('--versions <count>', 'copies in passing at a time (default: 16)')
  ],
  input: z.object({
    wanted: whole.optional(),
    perServer: whole.optional(),
    servers: whole.optional(),
    linger: duration.optional(),
    room: part.optional(),
    versions: whole.optional()
  }),
  run: (invocation, { wanted, perServer, servers, linger, room, versions }) =>
    show(invocation, {
      ...(wanted === undefined ? {} : { wantedMin: wanted }),
      ...(perServer === undefined ? {} : { wantedPerHolder: perServer }),
      ...(servers === undefined ? {} : { holdersMax: servers }),
      ...(linger === undefined ? {} : { lingerMs: linger }),
      ...(room === undefined ? {} : { roomShare: room }),
      ...(versions === undefined ? {} : { countMax: versions })
    })
})

export const beginBoosts = command({
  usage: 'on',
  summary: 'let this device take copies in passing',
  examples: ['peerage boost on'],
  input: z.object({}),
  run: invocation => show(invocation, { isOn: true })
})

export const endBoosts = command({
  usage: 'off',
  summary: 'take no copies in passing on this device, and let go of those that are here',
  examples: ['peerage boost off'],
  input: z.object({}),
  run: invocation => show(invocation, { isOn: false })
})
