/** What vouches for the logs: signatures of their devices, cosignatures of others, and what was found wrong. */

import { Alert, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Answer } from '../api/routes.ts'
import { type Column, DataTable } from './data-table.tsx'
import { cosignedText, type Log } from './evidence-words.ts'
import { Panel } from './panel.tsx'
import { counted, dateText, deviceText } from './words.ts'

type Survey = Pick<Answer<'audit'>, 'logs' | 'missing' | 'findings'>

const TABLE_PIXELS = 400

export function LogsPanel({ survey: { logs, missing, findings } }: { readonly survey: Survey }): ReactNode {
  return (
    <Panel
      title="The logs themselves"
      note="Which were had, how much of each its device signed, and who else signed that it is the one they saw"
    >
      <Stack gap="md">
        {findings.length === 0 ? (
          <Alert variant="outline" color="teal" title="Nothing was found wrong" role="status">
            <Text size="sm">
              As far as they were read here, what is in {counted(logs.length, 'log')} is what was signed. On
              the machine of a node, peerage audit verify checks every entry from the first on.
            </Text>
          </Alert>
        ) : (
          <Alert
            variant="outline"
            color="red"
            title={`${counted(findings.length, 'finding')}: some of this can not be believed`}
            role="alert"
          >
            <List size="sm">
              {findings.map(({ kind, device, position, detail }) => (
                <List.Item key={`${kind} ${device.device} ${position} ${detail}`}>
                  {kind}, the log of {deviceText(device)}: {detail}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        {missing.length > 0 && (
          <Alert
            variant="outline"
            color="yellow"
            title={`${counted(missing.length, 'log')} could not be had`}
            role="status"
          >
            <List size="sm">
              {missing.map(({ device, lostEntries, reason }) => (
                <List.Item key={`${device.device} ${reason}`}>
                  {deviceText(device)}: {reason}
                  {lostEntries > 0 && `; ${counted(lostEntries, 'entry', 'entries')} lost`}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        <DataTable
          label="Logs"
          rows={logs}
          columns={COLUMNS}
          keyOf={({ device, incarnation }) => `${device.device} ${incarnation}`}
          empty="No log was had."
          heightPixels={TABLE_PIXELS}
        />
      </Stack>
    </Panel>
  )
}

function droppedText({ droppedEntries, droppedBeforeMs }: Log): string {
  if (droppedEntries === 0) return 'none'
  const count = droppedEntries.toLocaleString('en')
  return droppedBeforeMs === null ? count : `${count}, of before ${dateText(droppedBeforeMs)}`
}

const COLUMNS: readonly Column<Log>[] = [
  {
    ...{ title: 'Log of', width: 'minmax(90px, 1fr)' },
    value: ({ device }) => deviceText(device),
    order: ({ device }) => deviceText(device)
  },
  {
    ...{ title: 'Begun', width: 'minmax(120px, 1fr)', from: 'lg' },
    value: ({ incarnation, ended }) => `${dateText(incarnation)}${ended ? ', ended' : ''}`,
    order: ({ incarnation }) => incarnation
  },
  {
    ...{ title: 'Entries', width: '80px', align: 'right' },
    value: ({ entries }) => entries.toLocaleString('en'),
    order: ({ entries }) => entries
  },
  {
    ...{ title: 'Signed', width: '76px', align: 'right', from: 'sm' },
    value: ({ signedEntries }) => signedEntries.toLocaleString('en'),
    order: ({ signedEntries }) => signedEntries
  },
  {
    ...{ title: 'Cosigned', width: 'minmax(140px, 1.6fr)', from: 'md' },
    value: log => <span title={cosignedText(log)}>{cosignedText(log)}</span>
  },
  { title: 'Dropped', width: 'minmax(80px, 1fr)', from: 'lg', value: droppedText }
]
