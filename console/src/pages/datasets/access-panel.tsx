/** Who may read a version, why, and who has. */

import { Group, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { FormButton } from '../../components/form-dialogue.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted, deviceText } from '../../components/words.ts'
import { GrantForm } from './grant-form.tsx'
import { GrantsTable } from './grants-table.tsx'
import { ReadingForm } from './reading-form.tsx'
import { Rekey } from './rekey.tsx'

type Reader = Answer<'readers'>['devices'][number]

const TABLE_PIXELS = 380

export function AccessPanel({
  name,
  version,
  isSealed
}: {
  readonly name: string
  readonly version: string
  readonly isSealed: boolean
}): ReactNode {
  const { may } = useSession()
  const readers = useAnswer('readers', { name, version })
  const access = useAnswer('access', {})
  const policy = access.data?.policies.find(each => each.name === name)
  return (
    <Panel
      title="Access"
      note={
        policy === undefined
          ? 'Nobody set a policy for it: its class decides who may read it'
          : `Policy: ${policy.access === 'members' ? 'as its class says' : 'who has a grant may read it'}` +
            `${policy.labels.length === 0 ? '' : `; labels ${policy.labels.join(', ')}`}`
      }
      aside={
        <Group gap="xs">
          {may('grantAccess') && (
            <FormButton label="Grant it" title={`Let somebody read ${name}`}>
              {onDone => <GrantForm name={name} version={version} onDone={onDone} />}
            </FormButton>
          )}
          {may('setPolicy') && access.data !== undefined && (
            <FormButton label="Who may read it" title={`Who may read ${name}`}>
              {onDone => <ReadingForm name={name} policy={policy} onDone={onDone} />}
            </FormButton>
          )}
          {may('rekey') && isSealed && <Rekey name={name} />}
        </Group>
      }
    >
      <Answered of={readers}>
        {({ devices }) => (
          <>
            <DataTable
              label={`Who may read it: ${counted(devices.length, 'device')}`}
              rows={devices}
              columns={COLUMNS}
              keyOf={({ device, because, grant }) => `${device} ${because} ${grant}`}
              linkOf={({ device }) => `/console/network/devices/${device}`}
              empty="Nobody may read it now."
              heightPixels={TABLE_PIXELS}
            />
            <Title order={3} size="h5" mt="lg" mb="xs">
              Grants
            </Title>
            <GrantsTable name={name} />
          </>
        )}
      </Answered>
    </Panel>
  )
}

const COLUMNS: readonly Column<Reader>[] = [
  {
    ...{ title: 'Device', width: 'minmax(100px, 1fr)' },
    value: reader => deviceText(reader),
    order: reader => deviceText(reader)
  },
  {
    ...{ title: 'Because', width: 'minmax(100px, 1fr)' },
    value: ({ because, purpose }) => (purpose === null ? because : `${because}: ${purpose}`),
    order: ({ because }) => because
  },
  {
    ...{ title: 'Site', width: 'minmax(70px, 1fr)', from: 'md' },
    value: ({ site }) => site ?? 'not known',
    order: ({ site }) => site ?? ''
  },
  {
    ...{ title: 'Read last', width: '120px', align: 'right', from: 'md' },
    value: ({ lastRead }) => (lastRead === null ? 'not known' : <Ago atMs={lastRead.atMs} />),
    order: ({ lastRead }) => lastRead?.atMs ?? 0
  }
]
