/** One request of a person: its clock, what there is about the person, and what was done. */

import { Button, Code, Group, List, Select, SimpleGrid, Stack, Text, Textarea } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Link, useParams } from 'react-router'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer, RouteArguments } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { Answered } from '../../components/answered.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { localMs } from '../../components/local-time.ts'
import { NamedAction } from '../../components/named-action.tsx'
import { doneHere } from '../../components/outcome.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { TimeField } from '../../components/time-field.tsx'
import { counted, dateText } from '../../components/words.ts'
import { writtenOrNull } from '../../components/written.ts'
import { caseText } from './case-words.ts'
import { ERASURES, NodeName, REQUESTS } from './privacy-frame.tsx'
import { REQUEST_KINDS, RequestState } from './requests-page.tsx'
import { SubjectPanel } from './subject-panel.tsx'

type Report = Answer<'request'>
type Outcome = RouteArguments<'closeRequest'>['outcome']

const BACK = { to: REQUESTS, label: 'Requests' }
const TEXT_CHARACTERS_MAX = 2000
const OUTCOMES: Readonly<Record<Outcome, string>> = {
  fulfilled: 'fulfilled: the person has what was asked for',
  refused: 'refused: with a reason that the person was told (Art. 12(4))',
  withdrawn: 'withdrawn: the person does not ask any more'
}
const OUTCOME_CHOICES = Object.entries(OUTCOMES).map(([value, label]) => ({ value, label }))

export function RequestPage(): ReactNode {
  const { id = '' } = useParams()
  const report = useAnswer('request', { id }, { isStill: true })
  const request = report.data?.request
  return (
    <PageFrame
      title={request === undefined ? `Request ${id}` : `Request: ${request.kind}`}
      back={BACK}
      lead={
        <>
          Noted on <NodeName /> alone
        </>
      }
      actions={request === undefined ? undefined : <Actions request={request} />}
    >
      <Answered of={report}>{known => <Known report={known} />}</Answered>
    </PageFrame>
  )
}

function Known({ report }: { readonly report: Report }): ReactNode {
  const { request, about, erasures } = report
  const { subject, extended, closed } = request
  return (
    <>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title="The request">
          <Facts
            facts={[
              ['Request', <Code key="id">{request.id}</Code>],
              ['Asks for', REQUEST_KINDS[request.kind]],
              ['Person', subject ?? 'forgotten: nothing here says any more whose request it was'],
              ['State', <RequestState key="state" of={request} />],
              ['Received', dateText(request.receivedAtMs)],
              ['Due', dateText(request.dueAtMs)],
              ...(extended === null
                ? []
                : [
                    [
                      'Extended',
                      `by two months; the person was told ${dateText(extended.toldAtMs)}: ${extended.reason}`
                    ] as const
                  ]),
              ...(closed === null
                ? []
                : [
                    [
                      'Closed',
                      `${dateText(closed.atMs)}, ${closed.outcome}${closed.reason === null ? '' : `: ${closed.reason}`}`
                    ] as const
                  ])
            ]}
          />
        </Panel>
        <Panel title="What answers it" note="What is known of the person now, and what was erased">
          <Stack gap="sm">
            <Text size="sm">
              {about === null
                ? 'The person is forgotten here.'
                : `${counted(about.versions, 'version')} ${about.versions === 1 ? 'is' : 'are'} about the person, ` +
                  `${about.available} of them available${about.datasets.length === 0 ? '' : `, in ${about.datasets.join(', ')}`}.`}
            </Text>
            <Erasures erasures={erasures} />
            {closed === null && <Steps kind={request.kind} />}
          </Stack>
        </Panel>
      </SimpleGrid>
      {subject !== null && <About key={subject} subject={subject} />}
    </>
  )
}

function Erasures({ erasures }: Pick<Report, 'erasures'>): ReactNode {
  if (erasures.length === 0) return <Text size="sm">No erasure named the person.</Text>
  return (
    <List size="sm" spacing={4}>
      {erasures.map(each => (
        <List.Item key={each.case}>
          <Link to={`${ERASURES}/${each.case}`}>Erasure {caseText(each.case)}</Link> of {dateText(each.atMs)},{' '}
          {each.basis}: {counted(each.versions, 'version')},{' '}
          {each.unproved === 0 ? 'all confirmed' : `${counted(each.unproved, 'device')} not confirmed`}
        </List.Item>
      ))}
    </List>
  )
}

const STEPS: Readonly<Record<Report['request']['kind'], string>> = {
  access:
    'See all that is about the person below, save it, and write the files on the machine of the node with peerage subject export.',
  portability: 'Write the files on the machine of the node with peerage subject export.',
  erasure:
    'Erase all that is about the person below, wait until each device has confirmed, then have the person forgotten.',
  rectification: 'See below what there is; publish it again as it should be, and erase what was wrong.',
  restriction: 'See below what there is, and quarantine those versions at their dataset.',
  objection: 'See below what there is and who may read it, and take that access at the dataset.'
}

function Steps({ kind }: { readonly kind: Report['request']['kind'] }): ReactNode {
  return (
    <Text size="sm">
      <b>What to do:</b> {STEPS[kind]}
    </Text>
  )
}

/** Not asked before somebody wants it: each look is noted in the audit log. */
function About({ subject }: { readonly subject: string }): ReactNode {
  const { may } = useSession()
  const [isShown, setShown] = useState(false)
  if (!may('subject')) return null
  if (isShown) return <SubjectPanel id={subject} />
  return (
    <Group gap="sm">
      <Button variant="default" onClick={() => setShown(true)}>
        Show all that is about the person
      </Button>
      <Text size="sm" c="dimmed">
        It asks every device, and is noted in the audit log.
      </Text>
    </Group>
  )
}

function Actions({ request }: { readonly request: Report['request'] }): ReactNode {
  const { may } = useSession()
  const { id, closed, extended } = request
  if (!may('closeRequest')) return null
  if (closed !== null) return <DeleteRequest id={id} />
  return (
    <Group gap="sm">
      {extended === null && (
        <FormDialogue verb="Extend" title="Extend the request by two months">
          {done => <ExtendForm id={id} onDone={done} />}
        </FormDialogue>
      )}
      <FormDialogue verb="Close" title="Close the request" isFirst>
        {done => <CloseForm id={id} onDone={done} />}
      </FormDialogue>
    </Group>
  )
}

interface FormProps {
  readonly id: string
  readonly onDone: () => void
}

function ExtendForm({ id, onDone }: FormProps): ReactNode {
  const extendRequest = useAction('extendRequest')
  const [reason, setReason] = useState('')
  const [told, setTold] = useState('')
  return (
    <ActingForm
      verb="Extend it"
      isReady={reason.trim() !== ''}
      onDone={onDone}
      act={async () => {
        await extendRequest.mutateAsync({ id, reason: reason.trim(), toldAtMs: localMs(told) })
        return undefined
      }}
    >
      <Text size="sm">
        Once, and only if the person is told of it with the reason within the first month (Art. 12(3)).
      </Text>
      <ReasonField value={reason} onChange={setReason} isRequired />
      <TimeField label="The person was told" description="Empty for now." value={told} onChange={setTold} />
    </ActingForm>
  )
}

function CloseForm({ id, onDone }: FormProps): ReactNode {
  const closeRequest = useAction('closeRequest')
  const [outcome, setOutcome] = useState<Outcome>('fulfilled')
  const [reason, setReason] = useState('')
  const isRequired = outcome === 'refused'
  return (
    <ActingForm
      verb="Close it"
      isReady={!isRequired || reason.trim() !== ''}
      onDone={onDone}
      act={async () => {
        await closeRequest.mutateAsync({ id, outcome, reason: writtenOrNull(reason) })
        return undefined
      }}
    >
      <Text size="sm">A closed request can not be opened again.</Text>
      <Select
        label="Outcome"
        data={OUTCOME_CHOICES}
        value={outcome}
        allowDeselect={false}
        onChange={value => value !== null && setOutcome(value as Outcome)}
      />
      <ReasonField value={reason} onChange={setReason} isRequired={isRequired} />
    </ActingForm>
  )
}

function ReasonField(props: {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly isRequired: boolean
}): ReactNode {
  const { value, onChange, isRequired } = props
  return (
    <Textarea
      label="Reason"
      description="It stays in the case after the person is forgotten: write no names."
      required={isRequired}
      autosize
      minRows={2}
      maxLength={TEXT_CHARACTERS_MAX}
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
    />
  )
}

function DeleteRequest({ id }: { readonly id: string }): ReactNode {
  const deleteRequest = useAction('deleteRequest')
  return (
    <NamedAction
      verb="Delete"
      title={`Delete the request ${id} for good`}
      name={id}
      reason="none"
      reach={() => (
        <Text size="sm">
          Nothing here shows afterwards that there was a request, and how it ended. It leaves no byte.
        </Text>
      )}
      act={async () => {
        await deleteRequest.mutateAsync({ id })
        return doneHere(`Request ${id} is deleted.`)
      }}
    />
  )
}
