/** Who has read a dataset, by the evidence of each side. */

import { Anchor, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { Answered } from '../../components/answered.tsx'
import { datasetPath } from '../../components/dataset-link.tsx'
import { Panel } from '../../components/panel.tsx'
import { ReadsTable } from '../../components/reads-table.tsx'
import { deviceText } from '../../components/words.ts'

export function ReadsPanel({ name }: { readonly name: string }): ReactNode {
  const who = useAnswer('auditWho', { name }, { isStill: true })
  return (
    <Panel
      title={`Who has read ${name}`}
      note="Each read leaves an entry at its server, one at its reader, and the reader's signed receipt at the server; of all time that is kept"
      aside={
        <Anchor component={Link} to={datasetPath(name)} size="sm">
          Who may read it
        </Anchor>
      }
    >
      <Answered of={who}>
        {({ reads, holders }) => (
          <>
            <Text size="sm" mb="xs">
              {holdersText(holders.filter(({ endedAtMs }) => endedAtMs === null))}
            </Text>
            <ReadsTable label={`Reads of ${name}`} reads={reads} empty="No log says that anyone read it." />
          </>
        )}
      </Answered>
    </Panel>
  )
}

function holdersText(
  holders: readonly { readonly device: { readonly device: string; readonly name: string | null } }[]
): string {
  const names = new Set(holders.map(({ device }) => deviceText(device)))
  return names.size === 0
    ? 'No log says that it holds it.'
    : `Held, by their logs, by ${[...names].join(', ')}.`
}
