/** What a person does whom the node asks to prove anew who they are, by how they signed in. */

import { Button, Code, Group, PasswordInput, Text } from '@mantine/core'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { isOwnersBrowser } from '../../../src/base/owners-browser.ts'
import { useProviderHost } from '../api/provider.ts'
import { useSession } from '../api/session.tsx'
import { saidByNode } from './words.ts'

export function SignInAgain(): ReactNode {
  const { who } = useSession()
  if (who.kind === 'token') return <ByToken />
  if (isOwnersBrowser(who.id))
    return (
      <Text size="sm" mt="sm">
        On the machine of the node, <Code>peerage console</Code> prints an address: open it here.
      </Text>
    )
  return <AtProvider />
}

function AtProvider(): ReactNode {
  const host = useProviderHost()
  if (host === null) return null
  return (
    <Button mt="sm" size="xs" variant="default" component="a" href="/sign-in/begin?again=1">
      Sign in again with {host}
    </Button>
  )
}

/** No form of its own: it stands within those that were refused. */
function ByToken(): ReactNode {
  const { again } = useSession()
  const [token, setToken] = useState('')
  const [said, setSaid] = useState('')
  const signIn = async (): Promise<void> => {
    try {
      await again(token.trim())
      setSaid('You have signed in again: now do it once more.')
    } catch (thrown) {
      setSaid(saidByNode(thrown instanceof Error ? thrown.message : String(thrown)))
    }
    setToken('')
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    void signIn()
  }
  return (
    <>
      <Group mt="sm" align="end">
        <PasswordInput
          label="Your token"
          placeholder="pgt_…"
          autoComplete="off"
          flex={1}
          value={token}
          onChange={event => setToken(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <Button variant="default" disabled={token.trim() === ''} onClick={() => void signIn()}>
          Sign in again
        </Button>
      </Group>
      <Text size="sm" mt={4} role="status">
        {said}
      </Text>
    </>
  )
}
