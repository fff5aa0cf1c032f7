/** What is noted of a breach as it is found out, and its end. */

import { Group, Select, SimpleGrid, Text, Textarea } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction } from '../../api/answers.ts'
import type { RouteArguments } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { changedMs, localText } from '../../components/local-time.ts'
import { NamedAction } from '../../components/named-action.tsx'
import { doneHere } from '../../components/outcome.tsx'
import { TimeField } from '../../components/time-field.tsx'
import { BREACH_CHARACTERS_MAX, DatasetsField, SpanFields } from './breaches-page.tsx'
import { type BreachCase, outcomeText } from './clock.ts'

type Outcome = RouteArguments<'closeBreach'>['outcome']
type Said = BreachCase['said']

export const SAID: Readonly<Record<keyof Said, string>> = {
  nature: 'Nature of the breach (Art. 33(3)(a))',
  cause: 'How it came to it (Art. 33(5))',
  consequences: 'Likely consequences (Art. 33(3)(c))',
  measures: 'Measures taken or proposed (Art. 33(3)(d))',
  delay: 'Why it took longer than 72 hours (Art. 33(1))'
}
const FIELDS = Object.keys(SAID) as readonly (keyof Said)[]
const OUTCOMES: readonly Outcome[] = ['notified', 'no-risk', 'no-breach']

export function BreachActions({ breach }: { readonly breach: BreachCase }): ReactNode {
  const { may } = useSession()
  if (!may('changeBreach')) return null
  return (
    <Group gap="sm">
      <FormDialogue verb="Note what is found out" isFirst>
        {done => <NoteForm breach={breach} onDone={done} />}
      </FormDialogue>
      {breach.closed === null ? (
        <FormDialogue verb="Close" title="Close the breach">
          {done => <CloseForm id={breach.id} onDone={done} />}
        </FormDialogue>
      ) : (
        <DeleteBreach id={breach.id} />
      )}
    </Group>
  )
}

interface NoteFormProps {
  readonly breach: BreachCase
  readonly onDone: () => void
}

function NoteForm({ breach, onDone }: NoteFormProps): ReactNode {
  const changeBreach = useAction('changeBreach')
  const { id, fromMs, toMs, notifiedAtMs, personsToldAtMs } = breach
  const [said, setSaid] = useState<Said>(breach.said)
  const [datasets, setDatasets] = useState<readonly string[]>(breach.datasets)
  const [from, setFrom] = useState(localText(fromMs))
  const [to, setTo] = useState(localText(toMs))
  const [notified, setNotified] = useState(localText(notifiedAtMs))
  const [told, setTold] = useState(localText(personsToldAtMs))
  return (
    <ActingForm
      verb="Note it"
      isReady
      onDone={onDone}
      act={async () => {
        await changeBreach.mutateAsync({
          ...{ id, said, datasets, fromMs: changedMs(from, fromMs), toMs: changedMs(to, toMs) },
          notifiedAtMs: changedMs(notified, notifiedAtMs),
          personsToldAtMs: changedMs(told, personsToldAtMs)
        })
        return undefined
      }}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TimeField label="The authority was notified" value={notified} onChange={setNotified} />
        <TimeField label="The persons were told (Art. 34)" value={told} onChange={setTold} />
      </SimpleGrid>
      <DatasetsField value={datasets} onChange={setDatasets} />
      <SpanFields from={from} to={to} onFrom={setFrom} onTo={setTo} />
      {FIELDS.map(field => (
        <Textarea
          key={field}
          label={SAID[field]}
          autosize
          minRows={1}
          maxLength={BREACH_CHARACTERS_MAX}
          value={said[field] ?? ''}
          onChange={({ currentTarget: { value } }) =>
            setSaid(before => ({ ...before, [field]: value === '' ? null : value }))
          }
        />
      ))}
    </ActingForm>
  )
}

function CloseForm({ id, onDone }: { readonly id: string; readonly onDone: () => void }): ReactNode {
  const closeBreach = useAction('closeBreach')
  const [outcome, setOutcome] = useState<Outcome>('notified')
  const [reason, setReason] = useState('')
  return (
    <ActingForm
      verb="Close it"
      isReady={reason.trim() !== ''}
      onDone={onDone}
      act={async () => {
        await closeBreach.mutateAsync({ id, outcome, reason: reason.trim() })
        return undefined
      }}
    >
      <Text size="sm">It stays here, as Art. 33(5) asks for, until it is deleted.</Text>
      <Select
        label="Outcome"
        data={OUTCOMES.map(value => ({ value, label: outcomeText(value) }))}
        value={outcome}
        allowDeselect={false}
        onChange={value => value !== null && setOutcome(value as Outcome)}
      />
      <Textarea
        label="Reason"
        required
        autosize
        minRows={2}
        maxLength={BREACH_CHARACTERS_MAX}
        value={reason}
        onChange={event => setReason(event.currentTarget.value)}
      />
    </ActingForm>
  )
}

function DeleteBreach({ id }: { readonly id: string }): ReactNode {
  const deleteBreach = useAction('deleteBreach')
  return (
    <NamedAction
      verb="Delete"
      title={`Delete the breach ${id} for good`}
      name={id}
      reason="none"
      reach={() => (
        <Text size="sm">
          Art. 33(5) asks you to document each breach: have its draft and its evidence elsewhere before you
          delete it here.
        </Text>
      )}
      act={async () => {
        await deleteBreach.mutateAsync({ id })
        return doneHere(`Breach ${id} is deleted.`)
      }}
    />
  )
}
