/** Operations that wait for more admins, and approving them. */

import { Button, Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction, useAnswer } from '../api/answers.ts'
import type { Answer } from '../api/routes.ts'
import { useSession } from '../api/session.tsx'
import { Ago } from './ago.tsx'
import { State } from './dot.tsx'
import { Failure } from './failure.tsx'
import { deviceText } from './words.ts'

type Operation = Answer<'operations'>['operations'][number]

const LOOKED_AT = 50

/** Of the operations of a type, the last `LOOKED_AT`; nothing where none waits. */
export function PendingApprovals({ type }: { readonly type: string }): ReactNode {
  const operations = useAnswer('operations', { type, limit: LOOKED_AT })
  const waiting = operations.data?.operations.filter(({ reason }) => reason === 'needs-approval') ?? []
  if (waiting.length === 0) return null
  return (
    <Stack gap="xs" mb="md">
      {waiting.map(each => (
        <Waiting key={each.operation} of={each} />
      ))}
    </Stack>
  )
}

function Waiting({ of: { operation, author, says, detail, atMs } }: { readonly of: Operation }): ReactNode {
  const { may } = useSession()
  const approve = useAction('approve')
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" component="div">
          <State tone="warn">
            It waits: {deviceText(author)} {says}, <Ago atMs={atMs} />. {detail}
          </State>
        </Text>
        {may('approve') && (
          <Button
            size="compact-sm"
            variant="default"
            loading={approve.isPending}
            onClick={() => approve.mutate({ id: operation })}
          >
            Approve it
          </Button>
        )}
      </Group>
      {approve.error !== null && <Failure error={approve.error} />}
    </Stack>
  )
}
