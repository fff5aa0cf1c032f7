/** What came of an action, in the words of the node: in force, or what it waits for. */

import { Alert, Button, Group, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { counted } from './words.ts'

/** What acting answers, as far as it is shown. */
export interface Acted {
  readonly says: string
  readonly inForce: boolean
  readonly waitsFor: string | null
  /** Absent where no peer is told: it is of this node alone. */
  readonly peersTold?: number
  readonly warnings?: readonly string[]
}

/** Of what this node does for itself, which is in force at once. */
export function doneHere(says: string): readonly Acted[] {
  return [{ says, inForce: true, waitsFor: null }]
}

export function Outcome({
  done,
  onDone
}: {
  readonly done: readonly Acted[]
  readonly onDone: () => void
}): ReactNode {
  return (
    <Stack>
      {done.map(({ says, inForce, waitsFor, peersTold, warnings = [] }) => (
        <Alert
          key={says}
          variant="outline"
          role="status"
          color={inForce ? 'teal' : 'yellow'}
          title={inForce ? 'It is in force' : 'It waits'}
        >
          <Text size="sm">{says}</Text>
          {waitsFor !== null && <Text size="sm">It waits for {waitsFor}.</Text>}
          {peersTold !== undefined && (
            <Text size="sm" c="dimmed">
              {counted(peersTold, 'peer')} told at once; the others hear of it when they are linked again.
            </Text>
          )}
          {warnings.length > 0 && (
            <List size="sm">
              {warnings.map(warning => (
                <List.Item key={warning}>{warning}</List.Item>
              ))}
            </List>
          )}
        </Alert>
      ))}
      <Group justify="flex-end">
        <Button onClick={onDone}>Close</Button>
      </Group>
    </Stack>
  )
}
