/** `signin`: which provider of the org signs people in to this node, and what they may do. */

import { Option } from 'commander'
import { z } from 'zod'
import { PERSON_ROLES, personRole, roleNames, type SignInReport } from '../../api/sign-in.ts'
import { collect, command, type Invocation } from '../command.ts'
import { absolutePathOf } from '../paths.ts'
import { printable } from '../text.ts'

function reportLines({ provider, redirects }: SignInReport): string[] {
  if (provider === null)
    return [
      'no provider signs people in; name one with: peerage signin set --issuer URL --client-id ID --map GROUP=ROLE'
    ]
  const { issuer, clientId, secretFile, ask, claim, roles, audiences } = provider
  return [
    `people sign in at ${printable(issuer)} as client ${printable(clientId)}`,
    secretFile === null ? 'without a client secret' : `with the client secret in ${printable(secretFile)}`,
    ...(ask.length > 0 ? [`it is asked for ${printable(ask.join(' '))} too`] : []),
    ...(audiences.length > 0 ? [`identities may be meant for ${printable(audiences.join(' '))} too`] : []),
    ...roles.map(
      ({ value, role }) =>
        `${printable(claim)} ${printable(value)}: ${role} (${PERSON_ROLES[role].join(' ')})`
    ),
    ...(redirects.length > 0
      ? redirects.map(address => `to be registered at the provider: ${address}`)
      : ['this node does not answer browsers: start it with peerage up --api'])
  ]
}

function printReport(invocation: Invocation, report: SignInReport): void {
  invocation.result(report, () => reportLines(report))
}

export const showSignIn = command({
  usage: 'show',
  isDefault: true,
  summary: 'show which provider signs people in, and what they may do',
  examples: ['peerage signin show'],
  input: z.object({}),
  run: async invocation => {
    printReport(invocation, await invocation.client.call('signIn', {}))
  }
})

/** `VALUE=ROLE`; a value may have a = in it. */
const mapping = z.string().transform((text, context) => {
  const at = text.lastIndexOf('=')
  const role = personRole.safeParse(text.slice(at + 1))
  if (at > 0 && role.success) return { value: text.slice(0, at), role: role.data }
  context.addIssue({
    code: 'custom',
    message: `write VALUE=ROLE, where the role is one of ${roleNames.join(', ')}`
  })
  return z.NEVER
})

const LONGEST = Math.max(...roleNames.map(name => name.length))

export const setSignIn = command({
  usage: 'set',
  summary: 'name the provider that signs people in (OpenID Connect), and what they may do',
  description: [
    'The provider is asked first; all who signed in by an earlier one are signed out. What a person may do is the sum of the',
    'roles of each value of one claim:',
    ...roleNames.map(name => `  ${name.padEnd(LONGEST)}  ${PERSON_ROLES[name].join(' ')}`)
  ].join('\n'),
  examples: [
    'peerage signin set --issuer https://login.example.org --client-id peerage --secret-file /etc/peerage/oidc.secret ' +
      '--map storage-team=operator --map everybody=viewer'
  ],
  options: [
    new Option('--issuer <url>', 'the provider: https, or http on this machine'),
    new Option('--client-id <id>', 'what it calls this node'),
    new Option(
      '--secret-file <file>',
      'file with the client secret, read when it is needed (default: a client without)'
    ),
    new Option('--map <value=role>', 'what a value of the claim makes of a person, repeatable').argParser(
      collect
    ),
    new Option('--claim <name>', 'the claim').default('groups'),
    new Option('--ask <scope>', 'scope to ask the provider for besides openid, repeatable').argParser(
      collect
    ),
    new Option(
      '--audience <name>',
      'whom an identity may be meant for besides this client, repeatable'
    ).argParser(collect)
  ],
  input: z.object({
    issuer: z.string({ error: 'say where people sign in: --issuer https://login.example.org' }).min(1),
    clientId: z.string({ error: 'say what the provider calls this node' }).min(1),
    secretFile: z.string().min(1).optional(),
    map: z
      .array(mapping)
      .default([])
      .refine(some => some.length > 0, 'say what people may do: --map GROUP=viewer'),
    claim: z.string().min(1),
    ask: z.array(z.string()).default([]),
    audience: z.array(z.string()).default([])
  }),
  run: async (invocation, { secretFile, map, audience, ...rest }) => {
    const report = await invocation.client.call('setSignIn', {
      ...rest,
      secretFile: secretFile === undefined ? null : absolutePathOf(secretFile, invocation.context),
      ...{ roles: map, audiences: audience }
    })
    printReport(invocation, report)
  }
})

export const unsetSignIn = command({
  usage: 'unset',
  summary: 'have no provider sign people in any more, and sign out all whom it did',
  description: 'What the audit log calls persons means nothing to anybody after that.',
  examples: ['peerage signin unset'],
  input: z.object({}),
  run: async invocation => {
    printReport(invocation, await invocation.client.call('unsetSignIn', {}))
  }
})

export const nameOfPerson = command({
  usage: 'person <subject>',
  summary: 'print what the audit log calls a person',
  description: 'The subject is what the provider calls the person: the claim sub.',
  examples: ['peerage signin person 00u1a2b3'],
  input: z.object({ subject: z.string().min(1) }),
  run: async (invocation, { subject }) => {
    const name = await invocation.client.call('personName', { subject })
    invocation.result(name, () => [name.id])
  }
})
