/** Requests of persons, each with its clock of one month. */

import { Select, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useNavigate } from 'react-router'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { RouteArguments } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { Asked } from '../../components/asked.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { localMs } from '../../components/local-time.ts'
import { Panel } from '../../components/panel.tsx'
import { TimeField } from '../../components/time-field.tsx'
import { counted, dateText } from '../../components/words.ts'
import { type RequestCase, requestMark, requestOrder } from './clock.ts'
import { NodeName, PrivacyFrame, REQUESTS } from './privacy-frame.tsx'

type Kind = RouteArguments<'openRequest'>['kind']

const PERSON_CHARACTERS_MAX = 128

export const REQUEST_KINDS: Readonly<Record<Kind, string>> = {
  access: 'access: what is there about me (Art. 15)',
  rectification: 'rectification: it is wrong (Art. 16)',
  erasure: 'erasure: delete it (Art. 17)',
  restriction: 'restriction: do not use it (Art. 18)',
  portability: 'portability: give it to me (Art. 20)',
  objection: 'objection: stop using it (Art. 21)'
}
const KIND_CHOICES = Object.entries(REQUEST_KINDS).map(([value, label]) => ({ value, label }))

export function RequestsPage(): ReactNode {
  const requests = useAnswer('requests', {}, { isStill: true })
  const { may } = useSession()
  return (
    <PrivacyFrame
      title="Requests of persons"
      lead={
        <>
          As noted on <NodeName />; each is to be answered within a month of its receipt (Art. 12(3))
        </>
      }
      actions={may('openRequest') ? <OpenRequest /> : undefined}
    >
      <Panel title="Requests" aside={<Asked of={requests} />}>
        <Answered of={requests}>
          {({ requests: all }) => (
            <>
              <Text size="sm" c="dimmed" mb="xs">
                {counted(all.length, 'request')}, those first that are due first
              </Text>
              <DataTable
                label="Requests"
                rows={all}
                columns={COLUMNS}
                keyOf={({ id }) => id}
                linkOf={({ id }) => `${REQUESTS}/${id}`}
                firstBy="State"
                empty="No request is noted here. When a person asks for something, open one: its clock runs from the receipt."
              />
            </>
          )}
        </Answered>
      </Panel>
    </PrivacyFrame>
  )
}

export function RequestState({ of }: { readonly of: RequestCase }): ReactNode {
  const [tone, words] = requestMark(of, useNowMs())
  return <State tone={tone}>{words}</State>
}

const COLUMNS: readonly Column<RequestCase>[] = [
  { title: 'Asks for', width: 'minmax(100px, 1fr)', value: ({ kind }) => kind, order: ({ kind }) => kind },
  {
    ...{ title: 'Person', width: 'minmax(120px, 1.6fr)', from: 'sm' },
    value: ({ subject }) => subject ?? 'forgotten',
    order: ({ subject }) => subject ?? ''
  },
  {
    ...{ title: 'State', width: 'minmax(140px, 1fr)' },
    value: each => <RequestState of={each} />,
    order: requestOrder
  },
  {
    ...{ title: 'Received', width: '170px', from: 'lg' },
    value: ({ receivedAtMs }) => dateText(receivedAtMs),
    order: ({ receivedAtMs }) => receivedAtMs
  },
  {
    ...{ title: 'Due', width: '170px', from: 'md' },
    value: ({ dueAtMs }) => dateText(dueAtMs),
    order: ({ dueAtMs }) => dueAtMs
  },
  { title: 'Request', width: '120px', from: 'lg', value: ({ id }) => id }
]

function OpenRequest(): ReactNode {
  return (
    <FormDialogue verb="Open a request" isFirst>
      {close => <OpenRequestForm onDone={close} />}
    </FormDialogue>
  )
}

function OpenRequestForm({ onDone }: { readonly onDone: () => void }): ReactNode {
  const openRequest = useAction('openRequest')
  const navigate = useNavigate()
  const [subject, setSubject] = useState('')
  const [kind, setKind] = useState<Kind>('access')
  const [received, setReceived] = useState('')
  return (
    <ActingForm
      verb="Open it"
      isReady={subject.trim() !== ''}
      onDone={onDone}
      act={async () => {
        const made = await openRequest.mutateAsync({
          ...{ subject: subject.trim(), kind, receivedAtMs: localMs(received) }
        })
        void navigate(`${REQUESTS}/${made.id}`)
        return undefined
      }}
    >
      <TextInput
        label="Person"
        description="The id by which your organisation knows the person, as versions are tagged with. Whether the person is who it says is for people to find out (Art. 12(6))."
        required
        autoComplete="off"
        maxLength={PERSON_CHARACTERS_MAX}
        value={subject}
        onChange={event => setSubject(event.currentTarget.value)}
      />
      <Select
        label="Asks for"
        data={KIND_CHOICES}
        value={kind}
        allowDeselect={false}
        onChange={value => value !== null && setKind(value as Kind)}
      />
      <TimeField
        label="Received"
        description="The clock runs from then; empty for now."
        value={received}
        onChange={setReceived}
      />
    </ActingForm>
  )
}
