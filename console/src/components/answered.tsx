/**
 * Shows an answer of the API once it is there: until then a place for it, and a failure in its words. What was answered
 * before stays below a failure of the node to answer, and not below its word that it is so no more.
 */

import { Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { isOfNode } from '../api/client.ts'
import { Failure } from './failure.tsx'
import { sentence } from './words.ts'

interface AnsweredProps<Data> {
  readonly of: UseQueryResult<Data, Error>
  readonly children: (data: Data) => ReactNode
}

const LINES = ['first', 'second', 'third']

export function Answered<Data>({ of, children }: AnsweredProps<Data>): ReactNode {
  const { data, error, refetch } = of
  if (error !== null) {
    const onRetry = () => void refetch()
    if (data === undefined || !isOfNode(error)) return <Failure error={error} onRetry={onRetry} />
    return (
      <>
        <Group gap="sm" mb="sm" role="status">
          <Text size="sm" c="error">
            This is what the node answered before. {sentence(error.message)}.
          </Text>
          <Button size="compact-xs" variant="default" onClick={onRetry}>
            Ask again
          </Button>
        </Group>
        {children(data)}
      </>
    )
  }
  if (data !== undefined) return children(data)
  return (
    <Stack gap="xs" role="status" aria-label="Loading">
      {LINES.map(line => (
        <Skeleton key={line} height={18} />
      ))}
    </Stack>
  )
}
