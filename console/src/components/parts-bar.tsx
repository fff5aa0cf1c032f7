/** Where bytes came from: a bar, and what each part of it is. */

import { Group, Progress, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { formatBytes, percentText } from './words.ts'

export interface BytesPart {
  readonly label: string
  readonly bytes: number
  readonly color: string
}

export function PartsBar(props: {
  readonly parts: readonly BytesPart[]
  readonly size: 'lg' | 'xl'
  /** Whether each is also said as a share of them all. */
  readonly hasShares?: boolean
}): ReactNode {
  const { parts, size, hasShares = false } = props
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  return (
    <>
      <Progress.Root size={size} aria-hidden="true">
        {parts.map(({ label, bytes, color }) => (
          <Progress.Section key={label} value={(100 * bytes) / total} color={color} />
        ))}
      </Progress.Root>
      <Group gap="lg">
        {parts.map(({ label, bytes, color }) => (
          <Group key={label} gap={6} wrap="nowrap">
            <Text span w={10} h={10} bg={color} bdrs={3} flex="none" aria-hidden="true" />
            <Text size="sm">
              {formatBytes(bytes)} {label}
              {hasShares && ` (${percentText(bytes, total)})`}
            </Text>
          </Group>
        ))}
      </Group>
    </>
  )
}
