/** Who answers for the data: the controller, and whom to ask. */

import { Select, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction } from '../../api/answers.ts'
import type { Answer, RouteArguments } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { writtenOrNull } from '../../components/written.ts'

type Field = RouteArguments<'setPrivacyNote'>['field']

const NOTE_CHARACTERS_MAX = 500
const FIELDS: Readonly<Record<Field, string>> = {
  controller: 'Controller',
  contact: 'Contact',
  'joint-controllers': 'Joint controllers, if any',
  representative: 'Representative, if any',
  dpo: 'Data protection officer, if any',
  authority: 'Supervisory authority',
  territory: 'Territory without transfers'
}

interface ControllerProps {
  readonly controller: Answer<'processing'>['controller']
  readonly territory: string
  /** Of what heads the record. */
  readonly missing: readonly string[]
}

export function ControllerPanel({ controller, territory, missing }: ControllerProps): ReactNode {
  const { may } = useSession()
  const values: Readonly<Record<Field, string | null>> = { ...controller, territory }
  return (
    <Panel
      title="Who answers for it"
      note={`Heads each register${missing.length === 0 ? '' : `; ${missing.length} of it not noted yet`}`}
      aside={may('setPrivacyNote') ? <Note values={values} /> : undefined}
    >
      <Facts
        facts={Object.entries(FIELDS).map(([field, label]) => [label, values[field as Field] ?? 'not noted'])}
      />
    </Panel>
  )
}

function Note({ values }: { readonly values: Readonly<Record<Field, string | null>> }): ReactNode {
  return (
    <FormDialogue verb="Note" title="Note who answers for it" size="xs">
      {close => <Form values={values} onDone={close} />}
    </FormDialogue>
  )
}

function Form(props: {
  readonly values: Readonly<Record<Field, string | null>>
  readonly onDone: () => void
}): ReactNode {
  const { values, onDone } = props
  const note = useAction('setPrivacyNote')
  const [field, setField] = useState<Field>('controller')
  const [value, setValue] = useState(values.controller ?? '')
  const choose = (chosen: Field): void => {
    setField(chosen)
    setValue(values[chosen] ?? '')
  }
  return (
    <ActingForm
      verb="Note it"
      isReady={value.trim() !== (values[field] ?? '')}
      onDone={onDone}
      act={async () => {
        await note.mutateAsync({ field, value: writtenOrNull(value) })
        return undefined
      }}
    >
      <Select
        label="What"
        data={Object.entries(FIELDS).map(([each, label]) => ({ value: each, label }))}
        value={field}
        allowDeselect={false}
        onChange={chosen => chosen !== null && choose(chosen as Field)}
      />
      <TextInput
        label="Says"
        maxLength={NOTE_CHARACTERS_MAX}
        value={value}
        onChange={event => setValue(event.currentTarget.value)}
      />
      {field === 'territory' && (
        <Text size="sm" c="dimmed">
          EEA, countries of two letters, or both with commas between. Within it data moves without a transfer.
        </Text>
      )}
    </ActingForm>
  )
}
