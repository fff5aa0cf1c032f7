/**
 * A form that has the node do something: what it does is shown first, what was written stays when the node refuses, and
 * what came of it is shown to its end. Where it is dangerous it is done by who writes the name of what it is done to.
 */

import { Button, Code, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Failure } from './failure.tsx'
import { type Acted, Outcome } from './outcome.tsx'

interface ActingFormProps {
  /** What the button says, such as `Revoke`. */
  readonly verb: string
  readonly isDangerous?: boolean
  /** Whether what is written can be sent. */
  readonly isReady: boolean
  /** To be written by who means it; absent where it needs no second thought. */
  readonly name?: string | undefined
  readonly act: () => Promise<readonly Acted[]>
  readonly onDone: () => void
  /** Its fields, and what it would do. */
  readonly children: ReactNode
}

export function ActingForm(props: ActingFormProps): ReactNode {
  const { verb, isDangerous = false, name, act, onDone, children } = props
  const [typed, setTyped] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Error | null>(null)
  const [done, setDone] = useState<readonly Acted[] | null>(null)
  const isReady = props.isReady && (name === undefined || typed === name)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!isReady) return
    setBusy(true)
    setFailure(null)
    try {
      setDone(await act())
    } catch (thrown) {
      setFailure(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
    setBusy(false)
  }
  if (done !== null) return <Outcome done={done} onDone={onDone} />
  return (
    <form onSubmit={submit}>
      <Stack>
        {children}
        {name !== undefined && (
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
        )}
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

interface DialogueProps {
  /** What the dialogue is called, such as `Revoke lab-7 for good`. */
  readonly title: string
  readonly isOpen: boolean
  readonly onClose: () => void
  /** Drawn when it is open, so that each opening begins anew. */
  readonly children: ReactNode
}

export function Dialogue({ title, isOpen, onClose, children }: DialogueProps): ReactNode {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={title}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {children}
    </Modal>
  )
}

/** A button that opens a form. */
export function FormButton(props: {
  readonly label: string
  readonly title: string
  readonly children: (onDone: () => void) => ReactNode
}): ReactNode {
  const { label, title, children } = props
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        {label}
      </Button>
      <Dialogue title={title} isOpen={isOpen} onClose={close}>
        {children(close)}
      </Dialogue>
    </>
  )
}
