/** The provider that signs people of the org in, and what they may do. */

import { Code, List, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { Facts, Panel } from '../../components/panel.tsx'

export function SignInPanel(): ReactNode {
  const signIn = useAnswer('signIn', {})
  return (
    <Panel title="Sign-in of people" note="Changed on the machine of the node alone: peerage signin set">
      <Answered of={signIn}>{known => <SignIn known={known} />}</Answered>
    </Panel>
  )
}

function SignIn({ known: { provider, redirects } }: { readonly known: Answer<'signIn'> }): ReactNode {
  if (provider === null)
    return (
      <Text size="sm">
        No provider is named: people sign in by a token, or by <Code>peerage console</Code> on the machine of
        the node.
      </Text>
    )
  const { issuer, clientId, claim, roles } = provider
  return (
    <Facts
      facts={[
        ['Provider', issuer],
        ['Client', clientId],
        ['Roles by the claim', <Code key="claim">{claim}</Code>],
        ['Roles', <Items key="roles" items={roles.map(({ value, role }) => `${value}: ${role}`)} />],
        ['Sends people back to', <Items key="redirects" items={redirects} />]
      ]}
    />
  )
}

function Items({ items }: { readonly items: readonly string[] }): ReactNode {
  return (
    <List size="sm" listStyleType="none">
      {items.map(item => (
        <List.Item key={item}>{item}</List.Item>
      ))}
    </List>
  )
}
