/** Roles and groups of a device, and changing them. */

import { Group, List, Select, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { CONSEQUENCES } from '../../components/approval-words.ts'
import { FormButton } from '../../components/form-dialogue.tsx'
import { type HeldLine, HeldLines } from '../../components/held-lines.tsx'
import { Panel } from '../../components/panel.tsx'
import { RoleReach } from '../../components/role-reach.tsx'
import { TermField, termMs } from '../../components/term-field.tsx'
import { counted, deviceText } from '../../components/words.ts'
import type { DeviceRecord } from './device-rows.ts'

type Role = Answer<'roles'>['roles'][number]
type HeldGroup = Answer<'groups'>['groups'][number]

/** Roles that the root and enrolling give, and nothing else. */
const BY_THE_ROOT = ['admin', 'device']

export function RolesPanel({ record }: { readonly record: DeviceRecord }): ReactNode {
  const { may } = useSession()
  const groups = useAnswer('groups', {})
  const roles = useAnswer('roles', {})
  const revokeRole = useAction('revokeRole')
  const removeFromGroup = useAction('removeFromGroup')
  const name = deviceText(record)
  const isMember = record.standing === 'member'
  const here = groups.data?.groups.filter(({ devices }) =>
    devices.some(({ device }) => device === record.device)
  )
  const others = groups.data?.groups.filter(group => here?.includes(group) === false) ?? []
  const givable = (roles.data?.roles ?? []).filter(
    ({ role }) => !BY_THE_ROOT.includes(role) && !record.roles.some(held => held.role === role)
  )
  const roleLine = (held: DeviceRecord['roles'][number]): HeldLine => ({
    ...{ verb: 'Take it', title: `Take the role ${held.role} from ${name}`, name },
    isOffered: may('revokeRole'),
    says: (
      <>
        Role {held.role}, given by {deviceText(held.by)}
        {held.expiresAtMs !== null && (
          <>
            , until <Ago atMs={held.expiresAtMs} />
          </>
        )}
      </>
    ),
    reach: CONSEQUENCES['role.revoke'],
    act: async () => [await revokeRole.mutateAsync({ device: record.device, role: held.role })]
  })
  const groupLine = (group: HeldGroup): HeldLine => ({
    ...{ verb: 'Take it', title: `Take ${name} out of ${group.name}`, name },
    isOffered: may('removeFromGroup'),
    says: `Group ${group.name}, of ${counted(group.devices.length, 'device')}`,
    reach:
      `It reads no more what ${group.name} was granted, unless something else lets it. The keys of the group are made ` +
      'anew; what it has read it may have kept.',
    act: async () => [await removeFromGroup.mutateAsync({ name: group.name, device: record.device })]
  })
  return (
    <Panel
      title="Roles and groups"
      note="What it may do in the org, and what it is granted with others"
      aside={
        <Group gap="xs">
          <FormButton
            label="Give a role"
            title={`Give ${name} a role`}
            isOffered={may('grantRole') && isMember && givable.length > 0}
          >
            {onDone => <GiveRole record={record} roles={givable} onDone={onDone} />}
          </FormButton>
          <FormButton
            label="Put it into a group"
            title={`Put ${name} into a group`}
            isOffered={may('addToGroup') && isMember && others.length > 0}
          >
            {onDone => <JoinGroup record={record} names={others.map(each => each.name)} onDone={onDone} />}
          </FormButton>
        </Group>
      }
    >
      <Answered of={groups}>
        {() => (
          <Stack gap="xs">
            {record.roles.length === 0 && <Text size="sm">It has no role that somebody gave it.</Text>}
            <HeldLines lines={record.roles.map(roleLine)} />
            {here?.length === 0 && <Text size="sm">It is in no group.</Text>}
            <HeldLines lines={here?.map(groupLine) ?? []} />
          </Stack>
        )}
      </Answered>
    </Panel>
  )
}

function GiveRole(props: {
  readonly record: DeviceRecord
  readonly roles: readonly Role[]
  readonly onDone: () => void
}): ReactNode {
  const { record, roles, onDone } = props
  const grantRole = useAction('grantRole')
  const [role, setRole] = useState<string | null>(null)
  const [term, setTerm] = useState('')
  const chosen = roles.find(each => each.role === role)
  return (
    <ActingForm
      verb="Give it"
      isReady={chosen !== undefined}
      name={deviceText(record)}
      act={async () => [
        await grantRole.mutateAsync({ device: record.device, role: role ?? '', expiresInMs: termMs(term) })
      ]}
      onDone={onDone}
    >
      <Select label="Role" required data={roles.map(each => each.role)} value={role} onChange={setRole} />
      <TermField value={term} onChange={setTerm} />
      {chosen !== undefined && (
        <List size="sm" spacing={4}>
          <RoleReach role={chosen} />
        </List>
      )}
    </ActingForm>
  )
}

function JoinGroup(props: {
  readonly record: DeviceRecord
  readonly names: readonly string[]
  readonly onDone: () => void
}): ReactNode {
  const { record, names, onDone } = props
  const addToGroup = useAction('addToGroup')
  const access = useAnswer('access', {})
  const [name, setName] = useState<string | null>(null)
  const grants = access.data?.grants.filter(
    ({ grantee }) => grantee.kind === 'group' && grantee.name === name
  )
  return (
    <ActingForm
      verb="Put it in"
      isReady={name !== null}
      act={async () => [await addToGroup.mutateAsync({ name: name ?? '', device: record.device })]}
      onDone={onDone}
    >
      <Select label="Group" required data={[...names]} value={name} onChange={setName} />
      {name !== null && grants !== undefined && (
        <Text size="sm">
          {grants.length === 0
            ? `${name} was granted nothing yet.`
            : `It may then read what ${name} was granted: ${counted(grants.length, 'grant')}.`}
        </Text>
      )}
    </ActingForm>
  )
}
