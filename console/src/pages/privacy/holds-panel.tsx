/** Legal holds: datasets that nothing of is deleted while they stand. */

import { List, Select, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { NamedDialogue } from '../../components/named-action.tsx'
import { Panel } from '../../components/panel.tsx'
import { ReasonField } from '../../components/reason-field.tsx'
import { type RowAction, useRowDialogue } from '../../components/row-dialogue.tsx'
import { counted, dateText, deviceText } from '../../components/words.ts'
import { writtenOrNull } from '../../components/written.ts'

type Hold = Answer<'holds'>['holds'][number]

const TABLE_PIXELS = 360
export function HoldsPanel(): ReactNode {
  const holds = useAnswer('holds', {})
  const { may } = useSession()
  return (
    <Panel
      title="Legal holds"
      note="What is held is not deleted, by erasure or by age; what is erased is read by nobody all the same"
      aside={may('placeHold') ? <PlaceHold /> : undefined}
    >
      <Answered of={holds}>{({ holds: all }) => <Holds holds={all} />}</Answered>
    </Panel>
  )
}

function Holds({ holds }: { readonly holds: readonly Hold[] }): ReactNode {
  const { may } = useSession()
  const { columns, chosen, isOpen, close } = useRowDialogue(COLUMNS, may('liftHold') ? LIFT : null)
  return (
    <>
      <DataTable
        label="Legal holds"
        rows={holds}
        columns={columns}
        keyOf={({ operation }) => operation}
        empty="Nothing is held. A hold keeps all versions of a dataset while a court or an authority may ask for them."
        heightPixels={TABLE_PIXELS}
      />
      {chosen !== null && <LiftHold key={chosen.operation} hold={chosen} isOpen={isOpen} onClose={close} />}
    </>
  )
}

const COLUMNS: readonly Column<Hold>[] = [
  { title: 'Dataset', width: 'minmax(100px, 1fr)', value: ({ name }) => name, order: ({ name }) => name },
  {
    ...{ title: 'Reason', width: 'minmax(100px, 1.6fr)', from: 'sm' },
    value: ({ reason }) => <span title={reason ?? ''}>{reason ?? 'none is given'}</span>
  },
  { title: 'By', width: 'minmax(80px, 1fr)', from: 'md', value: ({ by }) => deviceText(by) },
  {
    ...{ title: 'Since', width: '170px', from: 'lg' },
    value: ({ placedAtMs }) => dateText(placedAtMs),
    order: ({ placedAtMs }) => placedAtMs
  }
]

const LIFT: RowAction<Hold> = {
  ...{ title: 'End it', width: '76px', verb: 'Lift', isDangerous: true },
  label: ({ name }) => `Lift the hold of ${name}`
}

function LiftHold(props: {
  readonly hold: Hold
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactNode {
  const { hold, isOpen, onClose } = props
  const { operation, name, by, reason, placedAtMs } = hold
  const lift = useAction('liftHold')
  return (
    <NamedDialogue
      verb="Lift"
      title={`Lift the hold of ${name}`}
      name={name}
      reason="none"
      isOpen={isOpen}
      onClose={onClose}
      reach={() => (
        <LiftReach
          hold={hold}
          words={`${deviceText(by)} placed it ${dateText(placedAtMs)}${reason === null ? '' : `: ${reason}`}.`}
        />
      )}
      act={async () => [await lift.mutateAsync({ id: operation })]}
    />
  )
}

function LiftReach({ hold: { name }, words }: { readonly hold: Hold; readonly words: string }): ReactNode {
  const { may } = useSession()
  const cases = useAnswer('erasureCases', {}, { isOff: !may('erasureCases') })
  const retention = useAnswer('retention', {})
  const waiting = cases.data?.cases.filter(({ names, held }) => held > 0 && names.includes(name)).length
  const over = retention.data?.versions.filter(each => each.name === name && each.state === 'held').length
  return (
    <List size="sm" spacing={4}>
      <List.Item>{words}</List.Item>
      <List.Item>
        {waiting === undefined
          ? 'Which erasures it delays is not known here.'
          : waiting === 0
            ? 'No erasure waits for its end.'
            : `${counted(waiting, 'erasure')} ${waiting === 1 ? 'waits' : 'wait'} for its end, unless another hold stands: devices delete at once then.`}
      </List.Item>
      <List.Item>
        {counted(over ?? 0, 'version')} {over === 1 ? 'was' : 'were'} kept for long enough, and can be erased
        then.
      </List.Item>
      <List.Item>A hold that an admin placed is lifted by admins.</List.Item>
    </List>
  )
}

function PlaceHold(): ReactNode {
  return (
    <FormDialogue verb="Place a hold" size="xs">
      {close => <PlaceForm onDone={close} />}
    </FormDialogue>
  )
}

function PlaceForm({ onDone }: { readonly onDone: () => void }): ReactNode {
  const place = useAction('placeHold')
  const datasets = useAnswer('datasets', {})
  const [name, setName] = useState<string | null>(null)
  const [reason, setReason] = useState('')
  return (
    <ActingForm
      verb="Place it"
      isReady={name !== null}
      onDone={onDone}
      act={async () => [await place.mutateAsync({ name: name ?? '', reason: writtenOrNull(reason) })]}
    >
      <Text size="sm">
        All versions of the dataset stay until the hold is lifted, by no age and no erasure deleted. Who may
        read is not changed by it.
      </Text>
      <Select
        label="Dataset"
        searchable
        data={(datasets.data?.datasets ?? []).map(({ name: known }) => known)}
        value={name}
        onChange={setName}
      />
      <ReasonField value={reason} onChange={setReason} />
    </ActingForm>
  )
}
