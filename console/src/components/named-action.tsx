/**
 * A dangerous action: what it reaches is shown first, and it is done by who writes the name of what it is done to. What
 * the node answers is shown in its words, what it waits for included.
 */

import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type ReactNode, useState } from 'react'
import { ActingForm } from './acting-form.tsx'
import { Dialogue } from './form-dialogue.tsx'
import type { Acted } from './outcome.tsx'
import { ReasonField } from './reason-field.tsx'
import { writtenOrNull } from './written.ts'

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
    <Dialogue title={title} isOpen={isOpen} onClose={onClose}>
      <NamedForm {...props} onDone={onClose} />
    </Dialogue>
  )
}

/** For a dialogue that learns only when it is open what its name is. */
export function NamedForm(
  props: Omit<NamedActionProps, 'title' | 'isOffered'> & { readonly onDone: () => void }
): ReactNode {
  const { verb, name, isDangerous = true, reason: asks, reach, act, onDone } = props
  const [reason, setReason] = useState('')
  const given = writtenOrNull(reason)
  return (
    <ActingForm
      verb={verb}
      isDangerous={isDangerous}
      isReady={asks !== 'needed' || given !== null}
      name={name}
      act={() => act(given)}
      onDone={onDone}
    >
      {reach()}
      {asks !== 'none' && <ReasonField value={reason} onChange={setReason} isRequired={asks === 'needed'} />}
    </ActingForm>
  )
}
