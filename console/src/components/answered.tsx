/** Shows an answer of the API once it is there: until then a place for it, and a failure in its words. */

import { Skeleton, Stack } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failure } from './failure.tsx'

interface AnsweredProps<Data> {
  readonly of: UseQueryResult<Data, Error>
  readonly children: (data: Data) => ReactNode
}

const LINES = ['first', 'second', 'third']

export function Answered<Data>({ of, children }: AnsweredProps<Data>): ReactNode {
  if (of.data !== undefined && of.error === null) return children(of.data)
  if (of.error !== null) return <Failure error={of.error} onRetry={() => void of.refetch()} />
  return (
    <Stack gap="xs" role="status" aria-label="Loading">
      {LINES.map(line => (
        <Skeleton key={line} height={18} />
      ))}
    </Stack>
  )
}
