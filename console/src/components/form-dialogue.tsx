/**
 * A form in a dialogue of its own, for what is noted or set and can be changed again. It closes when that is done; what
 * the ledger answers is shown first, what it waits for included.
 */

import { Button, Group, Modal, Stack } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Failure } from './failure.tsx'
import { type Acted, Outcome } from './outcome.tsx'

interface FormDialogueProps {
  /** What the button says, such as `Open a request`. */
  readonly verb: string
  readonly title?: string
  readonly isFirst?: boolean
  readonly size?: 'xs' | 'sm'
  /** The form, drawn anew each time that it is opened. */
  readonly children: (close: () => void) => ReactNode
}

export function FormDialogue({ verb, title = verb, isFirst, size = 'sm', children }: FormDialogueProps) {
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <>
      <Button variant={isFirst === true ? 'filled' : 'default'} size={size} onClick={open}>
        {verb}
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={title}
        size="lg"
        closeOnClickOutside={false}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {children(close)}
      </Modal>
    </>
  )
}

interface ActionFormProps {
  readonly verb: string
  readonly isReady: boolean
  /** What the ledger answered, where it was asked. */
  readonly act: () => Promise<readonly Acted[] | undefined>
  readonly onDone: () => void
  readonly children: ReactNode
}

export function ActionForm({ verb, isReady, act, onDone, children }: ActionFormProps): ReactNode {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Error | null>(null)
  const [done, setDone] = useState<readonly Acted[] | null>(null)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!isReady) return
    setBusy(true)
    setFailure(null)
    try {
      const acted = await act()
      if (acted === undefined) onDone()
      else setDone(acted)
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
        {failure !== null && <Failure error={failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Leave it
          </Button>
          <Button type="submit" disabled={!isReady} loading={isBusy}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
