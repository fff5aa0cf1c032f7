/**
 * A form that has the node do something: what it does is shown first, what was written stays when the node refuses, and
 * what came of it is shown to its end. Where it is dangerous it is done by who writes the name of what it is done to.
 */

import { Button, Code, Group, Stack, TextInput } from '@mantine/core'
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
  /** What came of it; it is done with where there is nothing to show. */
  readonly act: () => Promise<readonly Acted[] | undefined>
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
