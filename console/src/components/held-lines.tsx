/** Lines of what something has, each of which is taken from it by who writes its name. */

import { Button, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useChosen } from './chosen.ts'
import { NamedDialogue } from './named-action.tsx'
import type { Acted } from './outcome.tsx'

export interface HeldLine {
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

/** To be there also when there are no lines: the dialogue of one that was taken is shown to its end. */
export function HeldLines({ lines }: { readonly lines: readonly HeldLine[] }): ReactNode {
  const { chosen, choose, isOpen, close } = useChosen<HeldLine>()
  return (
    <>
      {lines.map(line => (
        <Group key={line.title} justify="space-between" gap="sm">
          <Text size="sm" component="div">
            {line.says}
          </Text>
          {line.isOffered && (
            <Button
              size="compact-sm"
              variant="outline"
              color="red"
              aria-label={`${line.verb}: ${line.title}`}
              onClick={() => choose(line)}
            >
              {line.verb}
            </Button>
          )}
        </Group>
      ))}
      {chosen !== null && (
        <NamedDialogue
          {...chosen}
          key={chosen.title}
          reason="none"
          isOpen={isOpen}
          onClose={close}
          reach={() => <Text size="sm">{chosen.reach}</Text>}
        />
      )}
    </>
  )
}
