/** Operations that wait for more admins, and approving them. */

import { Button, Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../api/answers.ts'
import { Ago } from './ago.tsx'
import { ApprovalDialogue, approvalTitle, useApprover } from './approval.tsx'
import { agrees, type Line } from './approval-words.ts'
import { useChosen } from './chosen.ts'
import { State } from './dot.tsx'
import { deviceText } from './words.ts'

const LOOKED_AT = 50

/** Of the operations of a type, the last `LOOKED_AT`; nothing where none waits. */
export function PendingApprovals({ type }: { readonly type: string }): ReactNode {
  const operations = useAnswer('operations', { type, limit: LOOKED_AT })
  const { chosen, choose, isOpen, close } = useChosen<Line>()
  const waiting = operations.data?.operations.filter(({ reason }) => reason === 'needs-approval') ?? []
  return (
    <>
      {waiting.length > 0 && (
        <Stack gap="xs" mb="md">
          {waiting.map(each => (
            <Waiting key={each.operation} of={each} onChoose={choose} />
          ))}
        </Stack>
      )}
      {chosen !== null && (
        <ApprovalDialogue key={chosen.operation} of={chosen} isOpen={isOpen} onClose={close} />
      )}
    </>
  )
}

function Waiting({ of, onChoose }: { readonly of: Line; readonly onChoose: (of: Line) => void }): ReactNode {
  const { author, says, detail, atMs } = of
  const { isApprover, device } = useApprover()
  // The list does not say who has approved, and who has is not asked again.
  const entry = useAnswer('operation', { id: of.operation }, { isOff: !isApprover })
  const agreed = entry.data === undefined || device === undefined ? undefined : agrees(entry.data, device.id)
  return (
    <Group justify="space-between" gap="sm">
      <Text size="sm" component="div">
        <State tone="warn">
          It waits: {deviceText(author)} {says}, <Ago atMs={atMs} />. {detail}
        </State>
      </Text>
      {isApprover && agreed === true && (
        <Text size="sm" c="dimmed">
          {device?.name} agrees to it already: other admins have to.
        </Text>
      )}
      {isApprover && agreed === false && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={approvalTitle(of)}
          onClick={() => onChoose(of)}
        >
          Approve
        </Button>
      )}
    </Group>
  )
}
