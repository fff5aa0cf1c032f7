/** Letting a transfer rest, going on with it, putting it first or behind, and ending it. */

import { Button, Checkbox, Group, Popover, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useNavigate } from 'react-router'
import { useAction } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Failure } from '../../components/failure.tsx'
import { localMs, localText } from '../../components/local-time.ts'
import { NamedAction } from '../../components/named-action.tsx'
import { doneHere } from '../../components/outcome.tsx'
import { formatBytes } from '../../components/words.ts'
import { choicesOf, isSettled, type Transfer } from './transfer-words.ts'

export function TransferActions({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const { may } = useSession()
  const pause = useAction('pauseTransfer')
  const resume = useAction('resumeTransfer')
  if (!may('pauseTransfer')) return null
  const { id } = transfer
  const choices = choicesOf(transfer)
  const failure = pause.error ?? resume.error
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="sm">
        {choices.pause && (
          <Button variant="default" loading={pause.isPending} onClick={() => pause.mutate({ id })}>
            Pause
          </Button>
        )}
        {choices.resume !== null && (
          <Button loading={resume.isPending} onClick={() => resume.mutate({ id })}>
            {choices.resume}
          </Button>
        )}
        {choices.steer && <Steering transfer={transfer} />}
        <End transfer={transfer} />
      </Group>
      {failure !== null && <Failure error={failure} />}
    </Stack>
  )
}

function Steering({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const { id, priority, deadlineAtMs } = transfer
  const prioritise = useAction('prioritiseTransfer')
  const setDeadline = useAction('setTransferDeadline')
  const [written, setWritten] = useState(localText(deadlineAtMs))
  const wanted = localMs(written)
  const failure = prioritise.error ?? setDeadline.error
  return (
    <Popover width={320} position="bottom-end" withinPortal={false} trapFocus>
      <Popover.Target>
        <Button variant="default">Priority and deadline</Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Priority and deadline">
        <Stack gap="sm">
          <Text size="sm">
            About this node alone: high ones fetch first, low ones only while no other can.
          </Text>
          <SegmentedControl
            aria-label="Priority"
            data={['low', 'normal', 'high']}
            value={priority}
            onChange={value => prioritise.mutate({ id, priority: value as Transfer['priority'] })}
          />
          <TextInput
            type="datetime-local"
            label="Deadline"
            description="By the clock of this browser. The earliest goes first; an origin helps where peers would be late."
            value={written}
            onChange={event => setWritten(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button
              variant="default"
              disabled={deadlineAtMs === null}
              onClick={() => setDeadline.mutate({ id, deadlineAtMs: null })}
            >
              No deadline
            </Button>
            <Button
              disabled={wanted === null || wanted === deadlineAtMs}
              loading={setDeadline.isPending}
              onClick={() => setDeadline.mutate({ id, deadlineAtMs: wanted })}
            >
              Set it
            </Button>
          </Group>
          {failure !== null && <Failure error={failure} />}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

/** Ends one that is under way; one that has ended is forgotten. */
function End({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const { id, name, ordinal, state, haveBytes } = transfer
  const stop = useAction('stopTransfer')
  const goTo = useNavigate()
  const [discards, setDiscards] = useState(false)
  const isOver = isSettled(transfer)
  const discard = isOver || discards
  return (
    <NamedAction
      verb={isOver ? 'Forget' : 'Cancel'}
      title={`${isOver ? 'Forget' : 'Cancel'} the transfer of ${name}@${ordinal}`}
      name={name}
      isDangerous={state !== 'complete'}
      reason="none"
      reach={() => (
        <Stack gap="xs">
          <Text size="sm">
            {isOver
              ? state === 'complete'
                ? 'It goes from the list. Its files stay where they are, and go on being given to others.'
                : `It goes from the list, and the ${formatBytes(haveBytes)} that came are removed.`
              : `Nothing more is fetched. ${formatBytes(haveBytes)} came so far.`}
          </Text>
          {!isOver && (
            <Checkbox
              label="Remove what came, and forget it"
              description="Without this it stays, is given to others, and Retry goes on from there."
              checked={discards}
              onChange={event => setDiscards(event.currentTarget.checked)}
            />
          )}
        </Stack>
      )}
      act={async () => {
        const stopped = await stop.mutateAsync({ id, discard })
        if (discard) goTo('/console/transfers')
        const kept = discard ? 'it is forgotten' : `${formatBytes(stopped.haveBytes)} are kept`
        return doneHere(`${name}@${ordinal}: ${kept}`)
      }}
    />
  )
}
