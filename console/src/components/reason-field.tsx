/** Why something is signed; whoever reads the ledger reads it. */

import { TextInput } from '@mantine/core'
import type { ReactNode } from 'react'

const CHARACTERS_MAX = 200

export function ReasonField(props: {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly isRequired?: boolean
}): ReactNode {
  const { value, onChange, isRequired = false } = props
  return (
    <TextInput
      label="Reason"
      required={isRequired}
      description="It stands in the ledger for everybody in the org; name no person."
      maxLength={CHARACTERS_MAX}
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
    />
  )
}
