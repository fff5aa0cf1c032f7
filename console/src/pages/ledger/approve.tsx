/** Approving an operation on its page, and why that is not offered. */

import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { ApprovalDialogue, useApprover } from '../../components/approval.tsx'
import { agrees, type Entry } from '../../components/approval-words.ts'
import { shortId } from '../../components/words.ts'

export function Approve({ entry }: { readonly entry: Entry }): ReactNode {
  const { isApprover, device } = useApprover()
  const [isOpen, { open, close }] = useDisclosure()
  const isWaiting = entry.reason === 'needs-approval'
  const agreed = device !== undefined && agrees(entry, device.id)
  if (isWaiting && device?.admin === false)
    return (
      <Why>
        {device.name} is no device of an admin, so it can approve nothing. An admin's device can, here or by
        peerage approve {shortId(entry.operation)}.
      </Why>
    )
  return (
    <>
      {isWaiting && agreed && <Why>{device?.name} agrees to it already: other admins have to.</Why>}
      {isWaiting && isApprover && !agreed && (
        <Button variant="outline" color="red" onClick={open}>
          Approve
        </Button>
      )}
      <ApprovalDialogue of={entry} isOpen={isOpen} onClose={close} />
    </>
  )
}

function Why({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <Text size="sm" c="dimmed" maw={320}>
      {children}
    </Text>
  )
}
