/** Narrows a list by what is written. */

import { TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { SearchIcon } from '../shell/icons.tsx'

export function SearchField(props: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
}): ReactNode {
  const { label, value, onChange } = props
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      leftSection={<SearchIcon size={16} />}
      w={{ base: '100%', sm: 260 }}
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
    />
  )
}

/** Whether one of the texts has what was written, whatever its case. */
export function isMeant(written: string, texts: readonly (string | null)[]): boolean {
  const wanted = written.trim().toLowerCase()
  return wanted === '' || texts.some(text => text?.toLowerCase().includes(wanted) === true)
}
