/** What went wrong, in the words of the API. */

import { Alert, Button, Code, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { ApiError } from '../api/client.ts'
import { AlertIcon } from '../shell/icons.tsx'

export function Failure(props: {
  readonly error: Error
  readonly title?: string
  readonly onRetry?: () => void
}): ReactNode {
  const { error, title = 'That did not work', onRetry } = props
  return (
    <Alert color="red" variant="outline" icon={<AlertIcon />} title={title} role="alert">
      <Text size="sm">{error.message}</Text>
      {error instanceof ApiError && <Code mt={6}>{error.code}</Code>}
      {onRetry !== undefined && (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry}>
          Ask again
        </Button>
      )}
    </Alert>
  )
}
