/** A line of what something has, which is taken from it by who writes its name. */

import { Button, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { NamedDialogue } from './named-action.tsx'
import type { Acted } from './outcome.tsx'

interface HeldLineProps {
  /** What the button says, such as `Lift it`. */
  readonly verb: string
  readonly title: string
  /** To be written by who means it. */
  readonly name: string
  readonly says: ReactNode
  readonly reach: string
  readonly isOffered: boolean
  readonly act: () => Promise<readonly Acted[]>
}

export function HeldLine(props: HeldLineProps): ReactNode {
  const { verb, title, name, says, reach, isOffered, act } = props
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Group justify="space-between" gap="sm">
      <Text size="sm" component="div">
        {says}
      </Text>
      {isOffered && (
        <Button
          size="compact-sm"
          variant="outline"
          color="red"
          aria-label={`${verb}: ${title}`}
          onClick={open}
        >
          {verb}
        </Button>
      )}
      <NamedDialogue
        verb={verb}
        title={title}
        name={name}
        reason="none"
        isOpen={isOpen}
        onClose={close}
        reach={() => <Text size="sm">{reach}</Text>}
        act={act}
      />
    </Group>
  )
}
