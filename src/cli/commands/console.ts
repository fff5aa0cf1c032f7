/** `console`: lets the owner of a node into its pages in a browser. */

import { join } from 'node:path'
import { Option } from 'commander'
import { z } from 'zod'
import { scope } from '../../api/scope.ts'
import { AppError } from '../../base/errors.ts'
import { SCOPES, scopeNames } from '../../base/scopes.ts'
import { openAddress } from '../browser.ts'
import { collect, command } from '../command.ts'

const PAGE = 'open-console.html'
const LONGEST = Math.max(...scopeNames.map(name => name.length))

export const consoleCommand = command({
  usage: 'console',
  summary: 'print an address with which a browser signs in to this node, once',
  description: [
    'The code in the address works once, within two minutes. The session ends after 30 minutes without use, after 12',
    'hours, or when the node stops. It may do what you may, or no more than --scope says:',
    ...scopeNames.map(name => `  ${name.padEnd(LONGEST)}  ${SCOPES[name]}`)
  ].join('\n'),
  examples: ['peerage console --open', 'peerage console --scope read --scope audit'],
  options: [
    new Option('--open', 'open it in the browser of this machine'),
    new Option('--scope <scope>', 'what the session may do, repeatable (default: all)').argParser(collect)
  ],
  input: z.object({ open: z.boolean().default(false), scope: z.array(scope).optional() }),
  run: async (invocation, input) => {
    const { client, context, home } = invocation
    const open = input.open ? context.openFile : undefined
    if (input.open && open === undefined)
      throw new AppError(
        'USAGE',
        'there is no desktop here to open a browser on; leave --open out, and open the address elsewhere'
      )
    const made = await client.call('createCode', { scopes: input.scope ?? null })
    const addresses = made.addresses.map(address => `${address}/#code=${made.code}`)
    const [likeliest = ''] = addresses
    if (open !== undefined) await openAddress(likeliest, { page: join(home, PAGE), open })
    invocation.result({ ...made, addresses, opened: open !== undefined }, () => [
      ...addresses,
      `works once, until ${new Date(made.expiresAtMs).toISOString()}`
    ])
  }
})
