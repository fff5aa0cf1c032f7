/** For how long something holds, in days, as one chooses it. */

import { Select } from '@mantine/core'
import type { ReactNode } from 'react'
import { DAY_MS } from '../../../src/base/units.ts'
import { counted } from './words.ts'

export const DAY_CHOICES = [1, 7, 30, 90, 365].map(days => ({
  value: String(days),
  label: counted(days, 'day')
}))
const CHOICES = [{ value: '', label: 'Without an end' }, ...DAY_CHOICES]

/** Null without an end. */
export function termMs(term: string): number | null {
  return term === '' ? null : Number(term) * DAY_MS
}

export function TermField(props: {
  /** Empty without an end. */
  readonly value: string
  readonly onChange: (term: string) => void
}): ReactNode {
  const { value, onChange } = props
  return (
    <Select
      label="For"
      data={CHOICES}
      value={value}
      allowDeselect={false}
      onChange={term => term !== null && onChange(term)}
    />
  )
}
