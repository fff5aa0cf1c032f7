/** Asks for a token; whoever comes from `peerage console` has a code in the address and does not see this. */

import { Alert, Button, Card, Center, Code, Divider, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { type FormEvent, type ReactNode, useEffect, useState } from 'react'
import { useProviderHost } from '../api/provider.ts'
import type { SignInProps } from '../api/session.tsx'
import { Failure } from '../components/failure.tsx'
import { Mark } from './icons.tsx'

/** Leaves the console for the provider of the org, where it has one. */
function Provider(): ReactNode {
  const host = useProviderHost()
  if (host === null) return null
  return (
    <>
      <Button component="a" href="/sign-in/begin">
        Sign in with {host}
      </Button>
      <Divider label="or" />
    </>
  )
}

export function SignInPage({ failure, hasEnded, onToken }: SignInProps): ReactNode {
  const [token, setToken] = useState('')
  const [isBusy, setBusy] = useState(false)
  /** Undefined until a token was tried: then what is shown is of the code in the address. */
  const [refusal, setRefusal] = useState<Error | null>()
  const shown = refusal === undefined ? failure : refusal
  useEffect(() => {
    document.title = 'Sign in · Peerage'
  }, [])
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setRefusal(null)
    try {
      await onToken(token.trim())
    } catch (thrown) {
      setRefusal(thrown instanceof Error ? thrown : new Error(String(thrown)))
      setBusy(false)
    }
  }
  return (
    <Center component="main" mih="100dvh" p="md">
      <Card withBorder shadow="sm" padding="xl" w="100%" maw={440} bg="var(--peerage-surface)">
        <form onSubmit={submit}>
          <Stack>
            <Mark size={44} />
            <div>
              <Title order={1} size="h2">
                Sign in to Peerage
              </Title>
              <Text c="dimmed" mt={4}>
                It answers those whom it knows: people of the org, and who shows a token of this node.
              </Text>
            </div>
            {hasEnded && (
              <Alert variant="outline" color="yellow" role="status" title="You were signed out">
                <Text size="sm">
                  A session ends after some time without use, when the node starts again, and when somebody
                  ends it. Sign in to go on with this page.
                </Text>
              </Alert>
            )}
            {shown !== null && <Failure error={shown} title="You are not signed in" />}
            <Provider />
            <PasswordInput
              label="Token"
              placeholder="pgt_…"
              autoComplete="off"
              required
              data-autofocus
              value={token}
              onChange={event => setToken(event.currentTarget.value)}
            />
            <Button type="submit" loading={isBusy} disabled={token.trim() === ''}>
              Sign in
            </Button>
            <Text size="sm" c="dimmed">
              On the machine of the node, <Code>peerage console --open</Code> opens this page signed in, and{' '}
              <Code>peerage token create NAME --scope read</Code> makes a token. A token is kept nowhere in
              the browser; but that of a wall screen, which can only watch, is kept for as long as its tab is
              open.
            </Text>
          </Stack>
        </form>
      </Card>
    </Center>
  )
}
