/** Lets a device or a group read a dataset, for a purpose and a time. */

import { List, Select, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import { ActingForm } from '../../components/acting-form.tsx'
import { TermField, termMs } from '../../components/term-field.tsx'
import { counted, deviceText, shortId } from '../../components/words.ts'
import { writtenOrNull } from '../../components/written.ts'

const PURPOSE_CHARACTERS_MAX = 64

export function GrantForm(props: {
  readonly name: string
  readonly version: string
  readonly onDone: () => void
}): ReactNode {
  const { name, version, onDone } = props
  const devices = useAnswer('devices', {})
  const groups = useAnswer('groups', {})
  const readers = useAnswer('readers', { name, version })
  const grantAccess = useAction('grantAccess')
  const [who, setWho] = useState<string | null>(null)
  const [purpose, setPurpose] = useState('')
  const [term, setTerm] = useState('')
  const members = devices.data?.devices.filter(({ standing }) => standing === 'member') ?? []
  const group = groups.data?.groups.find(each => `group:${each.name}` === who)
  const ids: readonly string[] = group === undefined ? [who ?? ''] : group.devices.map(({ device }) => device)
  const already = new Set<string>(readers.data?.devices.map(({ device }) => device))
  const fresh = ids.filter(id => id !== '' && !already.has(id)).length
  return (
    <ActingForm
      verb="Grant it"
      isReady={who !== null}
      act={async () => [
        await grantAccess.mutateAsync({
          ...{ who: who ?? '', scope: { kind: 'name', name } },
          purpose: writtenOrNull(purpose),
          expiresInMs: termMs(term)
        })
      ]}
      onDone={onDone}
    >
      <Select
        label="Device or group"
        required
        searchable
        nothingFoundMessage="There is none of that name"
        data={[
          {
            group: 'Groups',
            items: (groups.data?.groups ?? []).map(each => ({
              value: `group:${each.name}`,
              label: `${each.name}: ${counted(each.devices.length, 'device')}`
            }))
          },
          {
            group: 'Devices',
            items: members.map(member => ({
              value: member.device as string,
              label: `${deviceText(member)}${member.name === null ? '' : ` (${shortId(member.device)})`}`
            }))
          }
        ]}
        value={who}
        onChange={setWho}
      />
      <TextInput
        label="Purpose"
        description="It stands in the ledger and with every read; name no person."
        maxLength={PURPOSE_CHARACTERS_MAX}
        value={purpose}
        onChange={event => setPurpose(event.currentTarget.value)}
      />
      <TermField value={term} onChange={setTerm} />
      {who !== null && (
        <List size="sm" spacing={4}>
          <List.Item>
            {fresh === 0
              ? 'Nobody reads it who could not before; the grant stands if what lets them read it now ends.'
              : `${counted(fresh, 'device')} may read it that can not now.`}
          </List.Item>
          <List.Item>
            It is of all versions of {name}, those that come too, until it ends or is revoked.
          </List.Item>
          {group !== undefined && (
            <List.Item>Whoever is put into {group.name} later may read it too.</List.Item>
          )}
        </List>
      )}
      {who === null && (
        <Text size="sm" c="dimmed">
          What it would do is shown once it is said for whom.
        </Text>
      )}
    </ActingForm>
  )
}
