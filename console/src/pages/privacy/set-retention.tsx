/** Sets for how long versions of a class or a dataset are kept. Nothing is deleted by that alone. */

import { NumberInput, Select, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { DAY_MS } from '../../../../src/base/units.ts'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { RouteArguments } from '../../api/routes.ts'
import { ActingForm } from '../../components/acting-form.tsx'
import { DATA_CLASSES } from '../../components/data-classes.ts'
import { FormDialogue } from '../../components/form-dialogue.tsx'

type Scope = RouteArguments<'setRetention'>['scope']

const CLASS_PREFIX = 'class '
const DAYS_MAX = 36_500

export function SetRetention(): ReactNode {
  return (
    <FormDialogue verb="Set for how long" title="For how long versions are kept">
      {close => <Form onDone={close} />}
    </FormDialogue>
  )
}

/** A dataset has no white space in its name, so what begins with a class is none. */
function scopeOf(chosen: string): Scope {
  const dataClass = DATA_CLASSES.find(each => chosen === CLASS_PREFIX + each)
  return dataClass === undefined ? { kind: 'dataset', name: chosen } : { kind: 'class', dataClass }
}

function Form({ onDone }: { readonly onDone: () => void }): ReactNode {
  const setRetention = useAction('setRetention')
  const datasets = useAnswer('datasets', {})
  const [chosen, setChosen] = useState<string | null>(null)
  const [days, setDays] = useState<number | string>('')
  const keepMs = typeof days === 'number' ? days * DAY_MS : null
  return (
    <ActingForm
      verb="Set it"
      isReady={chosen !== null}
      onDone={onDone}
      act={async () => [await setRetention.mutateAsync({ scope: scopeOf(chosen ?? ''), keepMs })]}
    >
      <Text size="sm">
        Of a class it takes as many admins as a new root; of a dataset its owner, who can ask for a shorter
        life than the class and not for a longer one. Nothing is deleted by setting it.
      </Text>
      <Select
        label="Of what"
        searchable
        data={[
          { group: 'Classes', items: DATA_CLASSES.map(each => CLASS_PREFIX + each) },
          { group: 'Datasets', items: (datasets.data?.datasets ?? []).map(({ name }) => name) }
        ]}
        value={chosen}
        onChange={setChosen}
      />
      <NumberInput
        label="Days"
        description="Empty: without an end."
        min={1}
        max={DAYS_MAX}
        allowDecimal={false}
        value={days}
        onChange={setDays}
      />
    </ActingForm>
  )
}
