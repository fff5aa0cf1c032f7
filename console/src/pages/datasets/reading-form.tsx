/** Says who may read a dataset besides who was granted it, and what labels it has. */

import { List, Radio, Stack, TagsInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { ActingForm } from '../../components/acting-form.tsx'

type Policy = Answer<'access'>['policies'][number]

const LABELS_MAX = 16
const LABEL_CHARACTERS_MAX = 64

export function ReadingForm(props: {
  readonly name: string
  readonly policy: Policy | undefined
  readonly onDone: () => void
}): ReactNode {
  const { name, policy, onDone } = props
  const setPolicy = useAction('setPolicy')
  const [access, setAccess] = useState<Policy['access']>(policy?.access ?? 'members')
  const [labels, setLabels] = useState<readonly string[]>(policy?.labels ?? [])
  const closes = access === 'granted' && policy?.access !== 'granted'
  const gone = policy?.labels.filter(label => !labels.includes(label)) ?? []
  const isChanged =
    policy === undefined ||
    access !== policy.access ||
    [...labels].sort().join() !== [...policy.labels].sort().join()
  return (
    <ActingForm
      verb="Set it"
      isDangerous={closes}
      isReady={isChanged}
      name={closes ? name : undefined}
      act={async () => [await setPolicy.mutateAsync({ name, access, labels })]}
      onDone={onDone}
    >
      <Radio.Group
        label="Who may read it"
        value={access}
        onChange={value => setAccess(value as Policy['access'])}
      >
        <Stack gap={8} mt="xs">
          <Radio
            value="members"
            label="As its class says"
            description="Public and internal: every member. Confidential: the role reader, and who was granted it. Restricted: only who was granted it."
          />
          <Radio
            value="granted"
            label="Only who was granted it"
            description="And who published it, and admins."
          />
        </Stack>
      </Radio.Group>
      <TagsInput
        label="Labels"
        description="Grants can be of a label: whoever has one of them may read it then."
        maxTags={LABELS_MAX}
        maxLength={LABEL_CHARACTERS_MAX}
        value={[...labels]}
        onChange={setLabels}
      />
      <List size="sm" spacing={4}>
        {closes && (
          <List.Item>
            Who has no grant reads no version of {name} any more, from when their device hears of this.
          </List.Item>
        )}
        {gone.length > 0 && <List.Item>Grants of {gone.join(', ')} reach it no more.</List.Item>}
        <List.Item>It is for its owner, and admins.</List.Item>
      </List>
    </ActingForm>
  )
}
