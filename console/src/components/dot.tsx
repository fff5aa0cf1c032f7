/** A mark of state beside words that say the same. */

import { Box } from '@mantine/core'
import type { ReactNode } from 'react'

export type Tone = 'good' | 'warn' | 'bad' | 'quiet'

const COLOURS: Readonly<Record<Tone, string>> = {
  good: 'teal.6',
  warn: 'yellow.6',
  bad: 'red.6',
  quiet: 'gray.5'
}

export function Dot({ tone }: { readonly tone: Tone }): ReactNode {
  return <Box aria-hidden="true" w={9} h={9} miw={9} bg={COLOURS[tone]} bdrs="xl" />
}

export function State({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactNode {
  return (
    <Box component="span" display="inline-flex" style={{ alignItems: 'center', gap: 6 }}>
      <Dot tone={tone} />
      <span>{children}</span>
    </Box>
  )
}
