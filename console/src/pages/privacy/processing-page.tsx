/** The record of processing activities (Art. 30), made of the ledger and of notes, and the measures in force. */

import { Alert, Group, List, SimpleGrid, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { processingPage, processingTable } from '../../../../src/report/processing-page.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Answered } from '../../components/answered.tsx'
import { Asked } from '../../components/asked.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { datasetPath } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { Panel } from '../../components/panel.tsx'
import { type RowAction, useRowDialogue } from '../../components/row-dialogue.tsx'
import { jsonText, SaveFiles } from '../../components/save-files.tsx'
import { counted, durationText } from '../../components/words.ts'
import { ControllerPanel } from './controller-panel.tsx'
import { DescribeDialogue } from './describe-dialogue.tsx'
import { NodeName, PrivacyFrame } from './privacy-frame.tsx'
import { type Activity, fillMark, type Measure, measureMark } from './register-words.ts'

type Record = Answer<'processing'>

const TABLE_PIXELS = 460

export function ProcessingPage(): ReactNode {
  const record = useAnswer('processing', {}, { isStill: true })
  return (
    <PrivacyFrame
      title="Record of processing"
      lead={
        <>
          Art. 30: one activity for each dataset, made of the ledger and of the notes on <NodeName />
        </>
      }
      actions={<Asked of={record} />}
    >
      <Answered of={record}>{known => <Known record={known} />}</Answered>
    </PrivacyFrame>
  )
}

function Known({ record }: { readonly record: Record }): ReactNode {
  const { activities, without, measures, limits } = record
  const open = activities.filter(({ toFillIn }) => toFillIn.length > 0).length
  const missing = open === 0 ? '' : `, ${open} with something to fill in`
  return (
    <>
      <Panel
        title="Activities"
        note={`${counted(activities.length, 'dataset')} that may be about persons${missing}`}
        aside={<Save record={record} />}
      >
        <Activities activities={activities} />
        {without.length > 0 && (
          <Text size="sm" c="dimmed" mt="sm">
            Noted to be about no person: {without.join(', ')}.
          </Text>
        )}
      </Panel>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <ControllerPanel
          controller={record.controller}
          territory={record.territory}
          missing={record.toFillIn}
        />
        <Panel title="What this does not say">
          <List size="sm" spacing={4}>
            {limits.map(limit => (
              <List.Item key={limit}>{limit}</List.Item>
            ))}
          </List>
        </Panel>
      </SimpleGrid>
      <Panel
        title="Technical and organisational measures"
        note="Art. 32(1), read as the record was made, each with how far it reaches"
      >
        <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: 'none' }}>
          {measures.map(measure => (
            <MeasureEntry key={measure.title} measure={measure} />
          ))}
        </Stack>
      </Panel>
    </>
  )
}

function Save({ record }: { readonly record: Record }): ReactNode {
  return (
    <SaveFiles
      files={[
        { label: 'Page to print', name: 'processing.html', content: () => processingPage(record) },
        { label: 'CSV', name: 'processing.csv', content: () => processingTable(record) },
        {
          ...{ label: 'JSON', name: 'processing.json' },
          content: () => jsonText({ format: 'peerage-processing', v: 1, ...record })
        }
      ]}
    />
  )
}

function Activities({ activities }: { readonly activities: readonly Activity[] }): ReactNode {
  const { may } = useSession()
  const { columns, chosen, isOpen, close } = useRowDialogue(COLUMNS, may('describeDataset') ? DESCRIBE : null)
  if (activities.length === 0)
    return (
      <Alert variant="outline" color="gray" title="No activity">
        <Text size="sm">No dataset is published that is not noted to be about no person.</Text>
      </Alert>
    )
  return (
    <>
      <DataTable
        label="Processing activities"
        rows={activities}
        columns={columns}
        keyOf={({ name }) => name}
        linkOf={({ name }) => datasetPath(name)}
        empty=""
        heightPixels={TABLE_PIXELS}
      />
      {chosen !== null && (
        <DescribeDialogue key={chosen.name} activity={chosen} isOpen={isOpen} onClose={close} />
      )}
    </>
  )
}

function keptText({ retention, holds }: Activity): string {
  const ends = [
    ...new Set(retention.map(({ keptMs }) => (keptMs === null ? 'no end is set' : durationText(keptMs))))
  ]
  return [...ends, ...(holds === 0 ? [] : ['held'])].join(', ')
}

const COLUMNS: readonly Column<Activity>[] = [
  { title: 'Dataset', width: 'minmax(70px, 1fr)', value: ({ name }) => name, order: ({ name }) => name },
  {
    ...{ title: 'Record', width: 'minmax(100px, 1fr)' },
    value: activity => {
      const [tone, words] = fillMark(activity)
      return (
        <span title={activity.toFillIn.join(', ')}>
          <State tone={tone}>{words}</State>
        </span>
      )
    },
    order: ({ toFillIn }) => -toFillIn.length
  },
  {
    ...{ title: 'Purposes', width: 'minmax(110px, 1.3fr)', from: 'md' },
    value: ({ purposes }) => purposes.map(({ purpose }) => purpose).join(', ') || 'not noted'
  },
  {
    ...{ title: 'Persons', width: 'minmax(150px, 0.9fr)', from: 'lg' },
    value: ({ persons, personsKnown }) => `${persons ?? 'not noted'}; ${personsKnown} known`
  },
  {
    ...{ title: 'May read', width: '96px', align: 'right', from: 'sm' },
    value: ({ recipients }) => counted(recipients.count, 'device'),
    order: ({ recipients }) => recipients.count
  },
  { title: 'Kept for', width: 'minmax(90px, 0.9fr)', from: 'lg', value: keptText }
]

const DESCRIBE: RowAction<Activity> = {
  ...{ title: 'Note', width: '92px', verb: 'Describe' },
  label: ({ name }) => `Describe ${name}`
}

function MeasureEntry({ measure }: { readonly measure: Measure }): ReactNode {
  const [tone, words] = measureMark(measure)
  return (
    <Group component="li" justify="space-between" align="flex-start" wrap="nowrap" gap="md">
      <div>
        <Text size="sm" fw={600}>
          {measure.title}
        </Text>
        <Text size="sm" c="dimmed">
          {measure.detail} (Art. {measure.article})
        </Text>
      </div>
      <Text component="div" size="sm" miw={110}>
        <State tone={tone}>{words}</State>
      </Text>
    </Group>
  )
}
