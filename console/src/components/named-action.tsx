/**
 * A dangerous action: what it reaches is shown first, and it is done by who writes the name of what it is done to. What
 * the node answers is shown in its words, what it waits for included.
 */

import { Alert, Button, Code, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Failure } from './failure.tsx'
import { counted } from './words.ts'

/** What acting answers, as far as it is shown. */
export interface Acted {
  readonly says: string
  readonly inForce: boolean
  readonly waitsFor: string | null
  /** Absent where no peer is told: it is of this node alone. */
  readonly peersTold?: number
  readonly warnings?: readonly string[]
}

interface NamedActionProps {
  /** What the button says, such as `Revoke`. */
  readonly verb: string
  /** What the dialogue is called, such as `Revoke lab-7 for good`. */
  readonly title: string
  /** To be written by who means it. */
  readonly name: string
  readonly isDangerous?: boolean
  /** What was done is shown to its end, also when it can not be done again. */
  readonly isOffered?: boolean
  /** Whether it takes a reason, which the ledger keeps; by default it may have one. */
  readonly reason?: 'needed' | 'none'
  /** What it does and whom it reaches; drawn when the dialogue is open. */
  readonly reach: () => ReactNode
  readonly act: (reason: string | null) => Promise<readonly Acted[]>
}

const REASON_CHARACTERS_MAX = 200

export function NamedAction(props: NamedActionProps): ReactNode {
  const { verb, isDangerous = true, isOffered = true } = props
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <>
      {isOffered && (
        <Button
          variant={isDangerous ? 'outline' : 'default'}
          {...(isDangerous ? { color: 'red' } : {})}
          onClick={open}
        >
          {verb}
        </Button>
      )}
      <NamedDialogue {...props} isOpen={isOpen} onClose={close} />
    </>
  )
}

/** By itself for rows of a table, which are gone once it is done to them, and the dialogue is not. */
export function NamedDialogue(
  props: NamedActionProps & { readonly isOpen: boolean; readonly onClose: () => void }
): ReactNode {
  const { title, isOpen, onClose } = props
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={title}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Dialogue {...props} onDone={onClose} />
    </Modal>
  )
}

function Dialogue(props: NamedActionProps & { readonly onDone: () => void }): ReactNode {
  const { verb, name, isDangerous = true, reason: asks, reach, act, onDone } = props
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const isReady = typed === name && (asks !== 'needed' || reason.trim() !== '')
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Error | null>(null)
  const [done, setDone] = useState<readonly Acted[] | null>(null)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!isReady) return
    setBusy(true)
    setFailure(null)
    try {
      setDone(await act(reason.trim() === '' ? null : reason.trim()))
    } catch (thrown) {
      setFailure(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
    setBusy(false)
  }
  if (done !== null) return <Outcome done={done} onDone={onDone} />
  return (
    <form onSubmit={submit}>
      <Stack>
        {reach()}
        {asks !== 'none' && (
          <TextInput
            label="Reason"
            required={asks === 'needed'}
            description="It stands in the ledger for everybody in the org; name no person."
            maxLength={REASON_CHARACTERS_MAX}
            value={reason}
            onChange={event => setReason(event.currentTarget.value)}
          />
        )}
        <TextInput
          label={
            <>
              Write <Code>{name}</Code> to go on
            </>
          }
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
        />
        {failure !== null && <Failure error={failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Leave it
          </Button>
          <Button
            type="submit"
            color={isDangerous ? 'red.8' : 'peerage'}
            disabled={!isReady}
            loading={isBusy}
          >
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Outcome({
  done,
  onDone
}: {
  readonly done: readonly Acted[]
  readonly onDone: () => void
}): ReactNode {
  return (
    <Stack>
      {done.map(({ says, inForce, waitsFor, peersTold, warnings = [] }) => (
        <Alert
          key={says}
          variant="outline"
          role="status"
          color={inForce ? 'teal' : 'yellow'}
          title={inForce ? 'It is in force' : 'It waits'}
        >
          <Text size="sm">{says}</Text>
          {waitsFor !== null && <Text size="sm">It waits for {waitsFor}.</Text>}
          {peersTold !== undefined && (
            <Text size="sm" c="dimmed">
              {counted(peersTold, 'peer')} told at once; the others hear of it when they are linked again.
            </Text>
          )}
          {warnings.length > 0 && (
            <List size="sm">
              {warnings.map(warning => (
                <List.Item key={warning}>{warning}</List.Item>
              ))}
            </List>
          )}
        </Alert>
      ))}
      <Group justify="flex-end">
        <Button onClick={onDone}>Close</Button>
      </Group>
    </Stack>
  )
}
