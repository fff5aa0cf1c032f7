/** Dialogues that have a form in them, and the buttons that open them. */

import { Button, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'

interface DialogueProps {
  /** What the dialogue is called, such as `Revoke lab-7 for good`. */
  readonly title: string
  readonly isOpen: boolean
  readonly onClose: () => void
  /** At a click beside it, so that what was written is not lost. */
  readonly staysOpen?: boolean
  /** Drawn when it is open, so that each opening begins anew. */
  readonly children: ReactNode
}

export function Dialogue({ title, isOpen, onClose, staysOpen = false, children }: DialogueProps): ReactNode {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={!staysOpen}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {children}
    </Modal>
  )
}

interface FormDialogueProps {
  /** What the button says, such as `Open a request`. */
  readonly verb: string
  readonly title?: string
  readonly isFirst?: boolean
  /** What was done is shown to its end, also when it can not be done again. */
  readonly isOffered?: boolean
  readonly size?: 'xs' | 'sm'
  readonly staysOpen?: boolean
  /** The form, drawn anew each time that it is opened. */
  readonly children: (close: () => void) => ReactNode
}

export function FormDialogue(props: FormDialogueProps): ReactNode {
  const { verb, title = verb, isFirst = false, isOffered = true, size = 'sm', staysOpen = true } = props
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <>
      {isOffered && (
        <Button variant={isFirst ? 'filled' : 'default'} size={size} onClick={open}>
          {verb}
        </Button>
      )}
      <Dialogue title={title} isOpen={isOpen} onClose={close} staysOpen={staysOpen}>
        {props.children(close)}
      </Dialogue>
    </>
  )
}

/** Beside the title of a panel. */
export function FormButton(props: {
  readonly label: string
  readonly title: string
  readonly isOffered?: boolean
  readonly children: (onDone: () => void) => ReactNode
}): ReactNode {
  const { label, title, isOffered = true, children } = props
  return (
    <FormDialogue verb={label} title={title} isOffered={isOffered} size="xs" staysOpen={false}>
      {children}
    </FormDialogue>
  )
}
