/** How old an answer is that is not asked for again by itself, and asking again. */

import { Button, Group, Text } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useLive } from '../api/live.tsx'
import { Ago } from './ago.tsx'

export function Asked({ of }: { readonly of: UseQueryResult<unknown, Error> }): ReactNode {
  const { clockOffsetMs } = useLive()
  const { dataUpdatedAt, isFetching, refetch } = of
  return (
    <Group gap="sm">
      {dataUpdatedAt > 0 && (
        <Text size="sm" c="dimmed">
          Asked <Ago atMs={dataUpdatedAt + clockOffsetMs} />
        </Text>
      )}
      <Button variant="default" size="xs" loading={isFetching} onClick={() => void refetch()}>
        Ask again
      </Button>
    </Group>
  )
}
