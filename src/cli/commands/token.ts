/** `token`: what programs elsewhere show to use the API of this node. */

import { Option } from 'commander'
import { z } from 'zod'
import { scope } from '../../api/scope.ts'
import { tokenReference, type token as tokenShape } from '../../api/token.ts'
import { SCOPES, scopeNames } from '../../base/scopes.ts'
import { DAY_MS } from '../../base/units.ts'
import { collect, command, duration } from '../command.ts'
import { type Column, printable, renderTable } from '../text.ts'

type Token = z.output<typeof tokenShape>

const timeOf = (ms: number | null): string => (ms === null ? '-' : new Date(ms).toISOString())

const COLUMNS: readonly Column<Token>[] = [
  { title: 'TOKEN', value: row => row.id },
  { title: 'NAME', value: row => printable(row.name) },
  { title: 'SCOPES', value: row => row.scopes.join(' ') },
  { title: 'MADE BY', value: row => printable(row.createdBy) },
  { title: 'EXPIRES', value: row => timeOf(row.expiresAtMs) },
  { title: 'LAST USED', value: row => timeOf(row.usedAtMs) }
]

export const listTokens = command({
  usage: 'list',
  isDefault: true,
  summary: 'list the tokens of this node',
  examples: ['peerage token list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('tokens', {})
    invocation.result(list, paint =>
      list.tokens.length === 0
        ? ['no tokens; make one with: peerage token create NAME --scope read']
        : renderTable(list.tokens, COLUMNS, paint)
    )
  }
})

const LONGEST = Math.max(...scopeNames.map(name => name.length))

export const createToken = command({
  usage: 'create <name>',
  summary: 'make a token, which is shown once',
  description: [
    'Who shows it may call the API of this node (peerage up --api) within its scopes, until it ends. Scopes:',
    ...scopeNames.map(name => `  ${name.padEnd(LONGEST)}  ${SCOPES[name]}`)
  ].join('\n'),
  examples: ['peerage token create prometheus --scope read --expires 365d'],
  options: [
    new Option('--scope <scope>', 'what it may do, repeatable').argParser(collect),
    new Option('--expires <duration>', 'when it ends').default('30d')
  ],
  input: z.object({
    name: z.string().min(1, 'write a name that says what the token is for'),
    scope: z
      .array(scope)
      .default([])
      .refine(some => some.length > 0, 'say what it may do: --scope read'),
    expires: duration.refine(ms => ms <= 366 * DAY_MS, 'a token lives at most 366d')
  }),
  run: async (invocation, { name, scope: scopes, expires }) => {
    const made = await invocation.client.call('createToken', { name, scopes, lifeMs: expires })
    // The token alone, so that TOKEN=$(peerage token create …) is one.
    invocation.result(made, () => [made.token])
    invocation.note(`token ${made.id} ends at ${timeOf(made.expiresAtMs)}; it is not shown again`)
  }
})

export const revokeToken = command({
  usage: 'revoke <id>',
  summary: 'end a token at once',
  examples: ['peerage token revoke 0123456789ab'],
  input: z.object(tokenReference.shape),
  run: async (invocation, { id }) => {
    const ended = await invocation.client.call('revokeToken', { id })
    invocation.result(ended, () => [`token ${ended.id} (${printable(ended.name)}) has ended`])
  }
})
