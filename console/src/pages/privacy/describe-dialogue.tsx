/** What no network can know of a dataset: for what it is, by which law, and whom and what it is about. */

import { Select, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction } from '../../api/answers.ts'
import { ActingForm } from '../../components/acting-form.tsx'
import { Dialogue } from '../../components/form-dialogue.tsx'
import type { Activity } from './register-words.ts'

const NOTE_CHARACTERS_MAX = 500
const FIELDS = {
  purpose: ['Purpose', 'What it is processed for, beside the purposes of grants.'],
  legalBasis: ['Legal basis', 'Such as Art. 6(1)(b).'],
  persons: ['Categories of persons', 'Such as employees.'],
  data: ['Categories of data', 'Such as names and salaries.']
} as const
type Field = keyof typeof FIELDS
const PERSONAL = [
  { value: 'yes', label: 'yes' },
  { value: 'no', label: 'no: the record then only names it' },
  { value: 'open', label: 'not said' }
]

interface DescribeProps {
  readonly activity: Activity
  readonly isOpen: boolean
  readonly onClose: () => void
}

export function DescribeDialogue({ activity, isOpen, onClose }: DescribeProps): ReactNode {
  return (
    <Dialogue title={`Describe ${activity.name}`} isOpen={isOpen} onClose={onClose}>
      <Form activity={activity} onDone={onClose} />
    </Dialogue>
  )
}

function Form({ activity, onDone }: { readonly activity: Activity; readonly onDone: () => void }): ReactNode {
  const describe = useAction('describeDataset')
  const { name, purposes, legalBasis, persons, data } = activity
  const noted = purposes.find(({ from }) => from === 'note')?.purpose ?? null
  const [lines, setLines] = useState<Readonly<Record<Field, string | null>>>({
    ...{ purpose: noted, legalBasis, persons, data }
  })
  const [personal, setPersonal] = useState(
    activity.personal === null ? 'open' : activity.personal ? 'yes' : 'no'
  )
  return (
    <ActingForm
      verb="Note it"
      isReady
      onDone={onDone}
      act={async () => {
        await describe.mutateAsync({
          ...{ name, ...lines, personal: personal === 'open' ? null : personal === 'yes' }
        })
        return undefined
      }}
    >
      {Object.entries(FIELDS).map(([field, [label, description]]) => (
        <TextInput
          key={field}
          label={label}
          description={description}
          maxLength={NOTE_CHARACTERS_MAX}
          value={lines[field as Field] ?? ''}
          onChange={({ currentTarget: { value } }) =>
            setLines(before => ({ ...before, [field]: value === '' ? null : value }))
          }
        />
      ))}
      <Select
        label="Has data about persons"
        data={PERSONAL}
        value={personal}
        allowDeselect={false}
        onChange={value => value !== null && setPersonal(value)}
      />
    </ActingForm>
  )
}
