/** What is done with an erasure: agreeing to it as an admin, and having this device delete what is left here. */

import { Checkbox, Group, List, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import { useSession } from '../../api/session.tsx'
import { useApprover } from '../../components/approval.tsx'
import { CONSEQUENCES } from '../../components/approval-words.ts'
import { erasureActed } from '../../components/erasure-acted.ts'
import { NamedAction } from '../../components/named-action.tsx'
import { counted } from '../../components/words.ts'
import { caseText, type ErasureCase } from './case-words.ts'

export function CaseActions({ of }: { readonly of: ErasureCase }): ReactNode {
  return (
    <Group gap="sm">
      <Approve of={of} />
      <Finish of={of} />
    </Group>
  )
}

function Approve({ of }: { readonly of: ErasureCase }): ReactNode {
  const { may } = useSession()
  const { isApprover } = useApprover()
  const approve = useAction('approveErasure')
  const waiting = of.erasures.filter(({ inForce }) => !inForce)
  const isErased = waiting.some(({ kind }) => kind === 'erasure')
  const id = caseText(of.case)
  return (
    <NamedAction
      isOffered={may('approveErasure') && isApprover && waiting.length > 0}
      verb="Approve"
      title={`Agree to all of case ${id}`}
      name={id}
      reason="none"
      reach={() => (
        <Stack gap="xs">
          <Text size="sm">
            {CONSEQUENCES[isErased ? 'content.erase' : 'content.recall']} The certificate names who agreed.
          </Text>
          <List size="sm" spacing={4}>
            {waiting.map(({ operation, names, basis, reason, waitsFor }) => (
              <List.Item key={operation}>
                {names.join(', ')}: {basis}
                {reason === null ? '' : `, ${reason}`}; {waitsFor ?? 'it waits'}
              </List.Item>
            ))}
            <List.Item>{counted(of.devices.length, 'device')} will be asked to delete and confirm.</List.Item>
          </List>
        </Stack>
      )}
      act={async () => erasureActed(await approve.mutateAsync({ id: of.case }))}
    />
  )
}

function Finish({ of }: { readonly of: ErasureCase }): ReactNode {
  const { may } = useSession()
  const finish = useAction('finishErasure')
  const here = useActivity()?.device
  const own = of.devices.find(({ device }) => device === here?.id)
  const [deleteSource, setDeleteSource] = useState(false)
  const [gone, setGone] = useState(false)
  const isLeft = own !== undefined && own.state !== 'confirmed'
  return (
    <NamedAction
      isOffered={may('finishErasure') && isLeft}
      verb="Finish on this device"
      title={`Delete what ${here?.name ?? 'this device'} still has of the case`}
      name={here?.name ?? ''}
      reason="none"
      reach={() => (
        <Stack gap="sm">
          <Text size="sm">This device tries again, and says so by its signature. {own?.detail ?? ''}</Text>
          <Checkbox
            label="Delete the source too"
            description="What was published in place is a file of its owner on this machine. It can not be brought back."
            checked={deleteSource}
            onChange={event => setDeleteSource(event.currentTarget.checked)}
          />
          <Checkbox
            label="Folders that are not there were removed"
            description="And are on no disk that is put away."
            checked={gone}
            onChange={event => setGone(event.currentTarget.checked)}
          />
        </Stack>
      )}
      act={async () => {
        const after = await finish.mutateAsync({ id: of.case, deleteSource, gone })
        const state = after.devices.find(({ device }) => device === here?.id)
        const isDone = state?.state === 'confirmed'
        return [
          {
            says: isDone ? 'This device has confirmed that nothing is left here.' : 'Something is left here.',
            inForce: isDone,
            waitsFor: isDone ? null : (state?.detail ?? null)
          }
        ]
      }}
    />
  )
}
