/** Persons whom data is about. An id of a person is no part of an address, which logs and histories keep. */

import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useMemo, useState } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Panel } from '../../components/panel.tsx'
import { actionColumn, type RowAction } from '../../components/row-dialogue.tsx'
import { counted } from '../../components/words.ts'
import { NodeName, PrivacyFrame } from './privacy-frame.tsx'
import { SubjectPanel } from './subject-panel.tsx'

type Person = Answer<'subjects'>['subjects'][number]

const TABLE_PIXELS = 420

export function PersonsPage(): ReactNode {
  const [id, setId] = useState<string | null>(null)
  return (
    <PrivacyFrame
      title="Persons"
      lead={
        <>
          Whom data is about, as the directory on <NodeName /> names them; the ledger has pseudonyms alone
        </>
      }
    >
      <Panel
        title="Find a person"
        note="Each look asks every device that can be asked, and is noted in the audit log for the person to be told of"
      >
        <FindPerson onFind={setId} />
      </Panel>
      {id === null ? <Directory onChoose={setId} /> : <SubjectPanel key={id} id={id} />}
      {id !== null && (
        <Group>
          <Button variant="default" onClick={() => setId(null)}>
            Look for somebody else
          </Button>
        </Group>
      )}
    </PrivacyFrame>
  )
}

function FindPerson({ onFind }: { readonly onFind: (id: string) => void }): ReactNode {
  const [written, setWritten] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (written.trim() !== '') onFind(written.trim())
  }
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="sm">
        <TextInput
          label="Id of the person"
          description="Written as it was when versions were tagged."
          autoComplete="off"
          flex={1}
          miw={220}
          maw={420}
          value={written}
          onChange={event => setWritten(event.currentTarget.value)}
        />
        <Button type="submit" disabled={written.trim() === ''}>
          Show
        </Button>
      </Group>
    </form>
  )
}

function Directory({ onChoose }: { readonly onChoose: (id: string) => void }): ReactNode {
  const [isShown, setShown] = useState(false)
  const subjects = useAnswer('subjects', {}, { isStill: true, isOff: !isShown })
  const columns = useMemo(() => [...COLUMNS, actionColumn(SHOW, ({ id }) => onChoose(id))], [onChoose])
  if (!isShown)
    return (
      <Group gap="sm">
        <Button variant="default" onClick={() => setShown(true)}>
          List who is in the directory
        </Button>
        <Text size="sm" c="dimmed">
          Who only needs one person finds that one without seeing the others.
        </Text>
      </Group>
    )
  return (
    <Panel title="The directory">
      <Answered of={subjects}>
        {({ subjects: all }) => (
          <Stack gap="xs">
            <Text size="sm" c="dimmed">
              {counted(all.length, 'person', 'persons')}
            </Text>
            <DataTable
              label="Persons"
              rows={all}
              columns={columns}
              keyOf={({ id }) => id}
              empty="No data is said to be about anybody. Versions are tagged with --subject as they are published."
              heightPixels={TABLE_PIXELS}
            />
          </Stack>
        )}
      </Answered>
    </Panel>
  )
}

const COLUMNS: readonly Column<Person>[] = [
  {
    ...{ title: 'Person', width: 'minmax(140px, 1.4fr)' },
    value: ({ id }) => <span title={id}>{id}</span>,
    order: ({ id }) => id
  },
  {
    ...{ title: 'Datasets', width: 'minmax(110px, 1.4fr)', from: 'sm' },
    value: ({ datasets }) => <span title={datasets.join(', ')}>{datasets.join(', ') || 'none'}</span>
  },
  {
    ...{ title: 'Versions', width: '84px', align: 'right', from: 'md' },
    value: ({ versions }) => versions,
    order: ({ versions }) => versions
  },
  {
    ...{ title: 'Available', width: '84px', align: 'right', from: 'md' },
    value: ({ available }) => available,
    order: ({ available }) => available
  }
]

const SHOW: RowAction<Person> = {
  ...{ title: 'Look', width: '84px', verb: 'Show' },
  label: ({ id }) => `Show what is about ${id}`
}
