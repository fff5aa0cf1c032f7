/** What is taken elsewhere: shown whole in whatever room there is, and copied by a button. */

import { Button, Code, type CodeProps, CopyButton, type MantineSize } from '@mantine/core'
import type { ReactNode } from 'react'

const BROKEN_ANYWHERE = { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' } as const

export function WholeCode(props: CodeProps & { readonly children: ReactNode }): ReactNode {
  return <Code block style={BROKEN_ANYWHERE} {...props} />
}

export function Copy(props: {
  readonly value: string
  readonly label?: string
  readonly size?: MantineSize
}): ReactNode {
  const { value, label = 'Copy', size = 'sm' } = props
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button variant="default" size={size} onClick={copy}>
          {copied ? 'Copied' : label}
        </Button>
      )}
    </CopyButton>
  )
}
