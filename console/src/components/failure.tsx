/** What went wrong, in the words of the API. */

import { Alert, Button, Code, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { ApiError, isOfNode } from '../api/client.ts'
import { AlertIcon } from '../shell/icons.tsx'
import { SignInAgain } from './sign-in-again.tsx'
import { saidByNode } from './words.ts'

/** The node asks who this is anew. */
const STALE = 'SIGN_IN_STALE'

export function Failure(props: {
  readonly error: Error
  readonly title?: string
  readonly onRetry?: () => void
  /** What the button of it says. */
  readonly retry?: string
}): ReactNode {
  const { error, title, onRetry, retry = 'Ask again' } = props
  return (
    <Alert
      color="red"
      variant="outline"
      icon={<AlertIcon />}
      title={title ?? (isOfNode(error) ? 'The node did not answer this' : 'That did not work')}
      role="alert"
    >
      <Text size="sm">
        {saidByNode(error.message)}
        {error instanceof ApiError && (
          <Text span inherit c="dimmed">
            {' '}
            <Code>{error.code}</Code>
          </Text>
        )}
      </Text>
      {error instanceof ApiError && error.code === STALE && <SignInAgain />}
      {onRetry !== undefined && (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry}>
          {retry}
        </Button>
      )}
    </Alert>
  )
}
