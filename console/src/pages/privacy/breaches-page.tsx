/** Breaches of personal data, each with its clock of 72 hours. */

import { MultiSelect, SimpleGrid, Text, Textarea } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useNavigate } from 'react-router'
import { useAction, useAnswer } from '../../api/answers.ts'
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
import { type BreachCase, breachMark, breachOrder } from './clock.ts'
import { BREACHES, NodeName, PrivacyFrame } from './privacy-frame.tsx'

export const BREACH_CHARACTERS_MAX = 2000

export function BreachesPage(): ReactNode {
  const breaches = useAnswer('breaches', {}, { isStill: true })
  const { may } = useSession()
  return (
    <PrivacyFrame
      title="Breaches"
      lead={
        <>
          As noted on <NodeName />; the authority is to be notified within 72 hours of the awareness (Art.
          33(1))
        </>
      }
      actions={may('openBreach') ? <OpenBreach /> : undefined}
    >
      <Panel title="Breaches" aside={<Asked of={breaches} />}>
        <Answered of={breaches}>
          {({ breaches: all }) => (
            <>
              <Text size="sm" c="dimmed" mb="xs">
                {counted(all.length, 'breach', 'breaches')}, those first that are to be notified of first
              </Text>
              <DataTable
                label="Breaches"
                rows={all}
                columns={COLUMNS}
                keyOf={({ id }) => id}
                linkOf={({ id }) => `${BREACHES}/${id}`}
                firstBy="Notification"
                empty="No breach is noted here. When data may be in wrong hands, open one: it shows who read what in its time, and how long is left."
              />
            </>
          )}
        </Answered>
      </Panel>
    </PrivacyFrame>
  )
}

export function BreachState({ of }: { readonly of: BreachCase }): ReactNode {
  const [tone, words] = breachMark(of, useNowMs())
  return <State tone={tone}>{words}</State>
}

const COLUMNS: readonly Column<BreachCase>[] = [
  {
    ...{ title: 'What happened', width: 'minmax(120px, 2fr)' },
    value: ({ summary }) => <span title={summary}>{summary}</span>,
    order: ({ summary }) => summary
  },
  {
    ...{ title: 'Notification', width: 'minmax(140px, 1fr)' },
    value: each => <BreachState of={each} />,
    order: breachOrder
  },
  {
    ...{ title: 'Datasets', width: 'minmax(90px, 1fr)', from: 'sm' },
    value: ({ datasets }) => datasets.join(', ') || 'none is named'
  },
  {
    ...{ title: 'Aware', width: '170px', from: 'md' },
    value: ({ awareAtMs }) => dateText(awareAtMs),
    order: ({ awareAtMs }) => awareAtMs
  },
  { title: 'Breach', width: '120px', from: 'lg', value: ({ id }) => id }
]

function OpenBreach(): ReactNode {
  return (
    <FormDialogue verb="Open a breach" isFirst>
      {close => <OpenBreachForm onDone={close} />}
    </FormDialogue>
  )
}

function OpenBreachForm({ onDone }: { readonly onDone: () => void }): ReactNode {
  const openBreach = useAction('openBreach')
  const navigate = useNavigate()
  const [summary, setSummary] = useState('')
  const [datasets, setDatasets] = useState<readonly string[]>([])
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const [aware, setAware] = useState('')
  return (
    <ActingForm
      verb="Open it"
      isReady={summary.trim() !== ''}
      onDone={onDone}
      act={async () => {
        const made = await openBreach.mutateAsync({
          ...{ summary: summary.trim(), datasets, fromMs: localMs(from), toMs: localMs(to) },
          awareAtMs: localMs(aware)
        })
        void navigate(`${BREACHES}/${made.id}`)
        return undefined
      }}
    >
      <Textarea
        label="What happened"
        description="Without names of persons."
        required
        autosize
        minRows={2}
        maxLength={BREACH_CHARACTERS_MAX}
        value={summary}
        onChange={event => setSummary(event.currentTarget.value)}
      />
      <DatasetsField value={datasets} onChange={setDatasets} />
      <SpanFields from={from} to={to} onFrom={setFrom} onTo={setTo} />
      <TimeField
        label="It became known"
        description="The clock of 72 hours runs from then; empty for now."
        value={aware}
        onChange={setAware}
      />
    </ActingForm>
  )
}

export function DatasetsField(props: {
  readonly value: readonly string[]
  readonly onChange: (value: readonly string[]) => void
}): ReactNode {
  const { value, onChange } = props
  const { may } = useSession()
  const known = useAnswer('datasets', {}, { isOff: !may('datasets') })
  const names = new Set([...(known.data?.datasets ?? []).map(({ name }) => name), ...value])
  return (
    <MultiSelect
      label="Datasets that are concerned"
      description="Who read them in that time is found out by the audit logs."
      searchable
      data={[...names]}
      value={[...value]}
      onChange={onChange}
    />
  )
}

export function SpanFields(props: {
  readonly from: string
  readonly to: string
  readonly onFrom: (value: string) => void
  readonly onTo: (value: string) => void
}): ReactNode {
  const { from, to, onFrom, onTo } = props
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      <TimeField
        label="It began"
        description="Empty where that is not known."
        value={from}
        onChange={onFrom}
      />
      <TimeField label="It ended" description="Empty while it goes on." value={to} onChange={onTo} />
    </SimpleGrid>
  )
}
