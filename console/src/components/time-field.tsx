/** A time to the minute, as a person writes it, by the clock and the zone of this browser. */

import { TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { localText } from './local-time.ts'

interface TimeFieldProps {
  readonly label: string
  readonly description?: string
  /** As the field has it; empty for none. */
  readonly value: string
  readonly onChange: (value: string) => void
}

export function TimeField({ label, description, value, onChange }: TimeFieldProps): ReactNode {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      description={description}
      max={localText(Date.now())}
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
    />
  )
}
