/** Who sees to a risk, and what is done about it. */

import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useAction } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Failure } from '../../components/failure.tsx'
import { Facts } from '../../components/panel.tsx'
import { writtenOrNull } from '../../components/written.ts'
import type { Risk } from './risk-words.ts'

const TREATMENTS: Readonly<Record<Risk['treatment'], string>> = {
  mitigate: 'mitigate: make it less likely or less bad',
  accept: 'accept: live with it',
  transfer: 'transfer: have somebody else bear it',
  avoid: 'avoid: do without what brings it'
}
const CHOICES = Object.entries(TREATMENTS).map(([value, label]) => ({ value, label }))

export function TreatmentForm({ risk }: { readonly risk: Risk }): ReactNode {
  const { may } = useSession()
  if (!may('setRiskOwner'))
    return (
      <Facts
        facts={[
          ['Owner', risk.owner ?? 'nobody'],
          ['Treatment', TREATMENTS[risk.treatment]]
        ]}
      />
    )
  return <Form risk={risk} />
}

function Form({ risk: { id, owner, treatment } }: { readonly risk: Risk }): ReactNode {
  const setRiskOwner = useAction('setRiskOwner')
  const setRiskTreatment = useAction('setRiskTreatment')
  const [written, setWritten] = useState(owner ?? '')
  const [chosen, setChosen] = useState<Risk['treatment']>(treatment)
  const [failure, setFailure] = useState<Error | null>(null)
  const wanted = writtenOrNull(written)
  const isChanged = wanted !== owner || chosen !== treatment
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setFailure(null)
    try {
      if (wanted !== owner) await setRiskOwner.mutateAsync({ id, owner: wanted })
      if (chosen !== treatment) await setRiskTreatment.mutateAsync({ id, treatment: chosen })
    } catch (thrown) {
      setFailure(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label="Owner"
          description="Who sees to it, such as a post; empty for nobody."
          autoComplete="off"
          value={written}
          onChange={event => setWritten(event.currentTarget.value)}
        />
        <Select
          label="Treatment"
          data={CHOICES}
          value={chosen}
          allowDeselect={false}
          onChange={value => value !== null && setChosen(value as Risk['treatment'])}
        />
        {failure !== null && <Failure error={failure} />}
        <Group justify="space-between">
          <Text size="sm" c="dimmed" role="status">
            {isChanged ? 'Not saved yet.' : ''}
          </Text>
          <Button
            type="submit"
            disabled={!isChanged}
            loading={setRiskOwner.isPending || setRiskTreatment.isPending}
          >
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
