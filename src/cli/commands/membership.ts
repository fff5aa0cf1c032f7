/** `init` and `join`: the two ways in which a home folder becomes a device of an org. Neither needs a node. */

import { Option } from 'commander'
import { z } from 'zod'
import { deviceKind } from '../../api/field.ts'
import { AppError } from '../../base/errors.ts'
import type { Membership } from '../../daemon.ts'
import { command, type Invocation } from '../command.ts'
import { type Paint, renderFields, shellWord } from '../text.ts'

const deviceOptions = (): Option[] => [
  new Option('--site <name>', 'the site (one LAN behind one WAN link) that this device is at'),
  new Option('--device <name>', 'what people call this device (default: the host name)'),
  new Option('--kind <kind>', 'what kind of machine it is').choices(deviceKind.options).default('server')
]

const deviceInput = {
  site: z.string('name the site'),
  device: z.string().optional(),
  kind: deviceKind
}

function renderMembership({ home, org, device }: Membership, paint: Paint): string[] {
  return renderFields(
    [
      ['org', `${org.name} (${org.id})`],
      ['device', `${device.name} (${device.id})`],
      ['site', device.site],
      ['kind', device.kind],
      ['role', device.admin ? 'admin' : 'member'],
      ['home', home]
    ],
    paint
  )
}

function deviceName(invocation: Invocation, given: string | undefined): string {
  return given ?? invocation.context.hostName
}

export const init = command({
  usage: 'init',
  summary: 'create an org; this device is its first admin',
  description: 'Makes the home folder and the keys. Needs no network and no running node.',
  examples: ['peerage init --org acme --site berlin --device build-1'],
  options: [new Option('--org <name>', 'what people call the org'), ...deviceOptions()],
  input: z.object({ org: z.string('name the org'), ...deviceInput }),
  run: async (invocation, { org, site, device, kind }) => {
    const { home } = invocation
    const daemon = await invocation.context.loadDaemon()
    const membership = await daemon.initHome({
      home,
      org,
      site,
      device: deviceName(invocation, device),
      kind
    })
    invocation.result(membership, paint => renderMembership(membership, paint))
    invocation.note(`next: peerage up --home ${shellWord(home)}`)
  }
})

export const join = command({
  usage: 'join <ticket>',
  summary: 'enrol this device in an org with a ticket from peerage invite',
  description:
    'A ticket is a secret: other users of this machine can see the arguments of a command. With - as the ticket, ' +
    'it is read from standard input.',
  examples: [
    'peerage join peerage1AbC… --site paris --device lab-7',
    'ssh build-1 peerage invite --json | jq -r .ticket | peerage join - --site paris'
  ],
  options: deviceOptions(),
  input: z.object({ ticket: z.string(), ...deviceInput }),
  run: async (invocation, { ticket, site, device, kind }) => {
    const { context, home } = invocation
    const signal = context.catchInterrupt()
    const text = (ticket === '-' ? await context.readStandardInput() : ticket).trim()
    if (text === '')
      throw new AppError('TICKET_INVALID', 'the ticket is empty; paste what peerage invite printed')
    const daemon = await context.loadDaemon()
    const name = deviceName(invocation, device)
    const membership = await daemon.joinOrg({ home, ticket: text, site, device: name, kind, signal })
    invocation.result(membership, paint => renderMembership(membership, paint))
    invocation.note(`next: peerage up --home ${shellWord(home)}`)
  }
})
