/** All that is about a person: what there is, where it lies, who may read it and has, and what holds it. */

import { Alert, Code, Group, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { subjectPage } from '../../../../src/report/subject-page.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { datasetPath } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { Panel } from '../../components/panel.tsx'
import { jsonText, SaveFiles } from '../../components/save-files.tsx'
import { counted, dateText, deviceText, formatBytes } from '../../components/words.ts'
import { ErasePerson, ForgetPerson } from './person-actions.tsx'
import { isGone, peopleText, stateMark } from './subject-words.ts'

export type SubjectRecord = Answer<'subject'>
type Version = SubjectRecord['versions'][number]

const TABLE_PIXELS = 420
const NOT_EXPORTED = 'the console writes no files of versions; peerage subject export does'

export function SubjectPanel({ id }: { readonly id: string }): ReactNode {
  const record = useAnswer('subject', { id }, { isStill: true })
  return (
    <>
      <Panel
        title="What is about the person"
        note={
          record.data === undefined
            ? undefined
            : `As of ${dateText(record.data.atMs)}; ${counted(record.data.answered.length, 'device')} answered`
        }
        aside={record.data === undefined ? undefined : <Actions record={record.data} />}
      >
        <Answered of={record}>{known => <Known record={known} />}</Answered>
      </Panel>
      <LookupsPanel id={id} />
    </>
  )
}

function Actions({ record }: { readonly record: SubjectRecord }): ReactNode {
  const files = record.versions.map(({ name, ordinal }) => ({
    ...{ name, ordinal, folder: null, why: NOT_EXPORTED }
  }))
  return (
    <SaveFiles
      files={[
        { label: 'Page to print', name: 'person.html', content: () => subjectPage(record, files) },
        {
          label: 'JSON',
          name: 'person.json',
          content: () => jsonText({ format: 'peerage-subject', v: 1, ...record })
        }
      ]}
    />
  )
}

function Known({ record }: { readonly record: SubjectRecord }): ReactNode {
  const { id, versions, silent } = record
  return (
    <Stack gap="sm">
      {silent.length > 0 && (
        <Alert variant="outline" color="yellow" title={`${counted(silent.length, 'device')} did not answer`}>
          <Text size="sm">What lies there is not known: {silent.map(deviceText).join(', ')}.</Text>
        </Alert>
      )}
      <DataTable
        label="Versions about the person"
        rows={versions}
        columns={COLUMNS}
        keyOf={({ version, name }) => `${name} ${version}`}
        linkOf={({ name }) => datasetPath(name)}
        empty="No version is said to be about this person. Versions are tagged as they are published, or later with peerage subject add."
        heightPixels={TABLE_PIXELS}
      />
      <Holds versions={versions} />
      {versions.some(each => !isGone(each)) && (
        <Text size="sm">
          The files themselves, to hand over or to take along (Art. 15 and 20), are written on the machine of
          the node: <Code>peerage subject export PERSON ./answer</Code>
        </Text>
      )}
      <Group gap="sm">
        <ErasePerson id={id} versions={versions} />
        <ForgetPerson id={id} versions={versions} />
      </Group>
    </Stack>
  )
}

function Holds({ versions }: { readonly versions: readonly Version[] }): ReactNode {
  const held = versions.filter(({ holds }) => holds.length > 0)
  if (held.length === 0) return null
  return (
    <Alert variant="outline" color="yellow" title="Held from deletion">
      <List size="sm">
        {held.map(({ name, ordinal, version, holds }) => (
          <List.Item key={`${name} ${version}`}>
            {name}@{ordinal}:{' '}
            {holds
              .map(({ by, reason }) => `by ${deviceText(by)}${reason === null ? '' : `, ${reason}`}`)
              .join('; ')}
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

const COLUMNS: readonly Column<Version>[] = [
  {
    ...{ title: 'Version', width: 'minmax(100px, 1.2fr)' },
    value: ({ name, ordinal }) => `${name}@${ordinal}`,
    order: ({ name }) => name
  },
  {
    ...{ title: 'State', width: 'minmax(170px, 1fr)' },
    value: version => {
      const [tone, words] = stateMark(version)
      return <State tone={tone}>{words}</State>
    },
    order: ({ state }) => state
  },
  {
    ...{ title: 'Class', width: 'minmax(130px, 1fr)', from: 'md' },
    value: ({ dataClass, sealed }) => `${dataClass}${sealed ? ', sealed' : ''}`,
    order: ({ dataClass }) => dataClass
  },
  {
    ...{ title: 'Size', width: '80px', align: 'right', from: 'lg' },
    value: ({ plain, bytes }) => formatBytes(plain?.bytes ?? bytes),
    order: ({ plain, bytes }) => plain?.bytes ?? bytes
  },
  {
    ...{ title: 'Lies at', width: 'minmax(110px, 1.3fr)', from: 'sm' },
    value: ({ places }) => <Names of={peopleText(places)} />
  },
  {
    ...{ title: 'May read', width: 'minmax(110px, 1.3fr)', from: 'lg' },
    value: ({ readers }) => <Names of={peopleText(readers)} />
  },
  {
    ...{ title: 'Has read', width: 'minmax(110px, 1.3fr)', from: 'lg' },
    value: ({ reads }) => <Names of={peopleText(reads, 'not known')} />
  }
]

function Names({ of }: { readonly of: string }): ReactNode {
  return <span title={of}>{of}</span>
}

type Lookup = Answer<'subjectLookups'>['lookups'][number]

/** Who looked this person up; asking is such a look too. */
function LookupsPanel({ id }: { readonly id: string }): ReactNode {
  const lookups = useAnswer('subjectLookups', { id }, { isStill: true })
  return (
    <Panel
      title="Who looked the person up"
      note="By the audit logs that could be had; this look is among them"
    >
      <Answered of={lookups}>
        {({ lookups: all, isWhole, missing }) => (
          <Stack gap="sm">
            <DataTable
              label="Lookups"
              rows={all}
              columns={LOOKUPS}
              keyOf={({ device, atMs, what }) => `${device.device} ${atMs} ${what}`}
              empty="No log that was had tells of one."
              heightPixels={TABLE_PIXELS}
            />
            {!isWhole && <Text size="sm">Older entries were not looked through.</Text>}
            {missing.length > 0 && (
              <Text size="sm">
                No log of{' '}
                {missing.map(({ device, reason }) => `${deviceText(device)} (${reason})`).join(', ')}.
              </Text>
            )}
          </Stack>
        )}
      </Answered>
    </Panel>
  )
}

const LOOKUPS: readonly Column<Lookup>[] = [
  {
    ...{ title: 'When', width: '190px' },
    value: ({ atMs }) => dateText(atMs),
    order: ({ atMs }) => -atMs
  },
  { title: 'On', width: 'minmax(90px, 1fr)', value: ({ device }) => deviceText(device) },
  { title: 'What', width: 'minmax(80px, 1fr)', from: 'sm', value: ({ what }) => what },
  {
    ...{ title: 'Versions told', width: '110px', align: 'right', from: 'md' },
    value: ({ count }) => count
  }
]
