/** Chooses how far back a page looks, and asks from then. */

import { Select } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { fromMsOf, SPAN_CHOICES, type Span } from './span.ts'

interface SpanFieldProps {
  readonly value: Span
  readonly onChange: (span: Span) => void
}

export function SpanField({ value, onChange }: SpanFieldProps): ReactNode {
  return (
    <Select
      aria-label="How far back"
      w={190}
      data={SPAN_CHOICES}
      value={value}
      allowDeselect={false}
      onChange={span => span !== null && onChange(span as Span)}
    />
  )
}

/** The span that is looked at, and since when; the beginning stays until another is chosen. */
export function useSpan(first: Span) {
  const [chosen, setChosen] = useState(() => ({ span: first, fromMs: fromMsOf(first, Date.now()) }))
  const choose = (span: Span): void => setChosen({ span, fromMs: fromMsOf(span, Date.now()) })
  return { ...chosen, choose }
}
