/** Who may read a version, why, and who has. */

import { Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted, deviceText } from '../../components/words.ts'

type Reader = Answer<'readers'>['devices'][number]

const TABLE_PIXELS = 380

export function AccessPanel({
  name,
  version
}: {
  readonly name: string
  readonly version: string
}): ReactNode {
  const readers = useAnswer('readers', { name, version })
  const access = useAnswer('access', {})
  const policy = access.data?.policies.find(each => each.name === name)
  return (
    <Panel
      title="Access"
      note={
        policy === undefined
          ? 'Nobody set a policy for it: its class decides who may read it'
          : `Policy: ${policy.access === 'members' ? 'every member may read it' : 'who has a grant may read it'}` +
            `${policy.labels.length === 0 ? '' : `; labels ${policy.labels.join(', ')}`}`
      }
    >
      <Answered of={readers}>
        {({ devices, groups }) => (
          <>
            {groups.length > 0 && (
              <Group gap="xs" mb="sm">
                <Text size="sm">Groups with a grant:</Text>
                {groups.map(({ id, name: group }) => (
                  <Text key={id} size="sm" fw={600}>
                    {group}
                  </Text>
                ))}
              </Group>
            )}
            <DataTable
              label={`Who may read it: ${counted(devices.length, 'device')}`}
              rows={devices}
              columns={COLUMNS}
              keyOf={({ device, because, grant }) => `${device} ${because} ${grant}`}
              linkOf={({ device }) => `/console/network/devices/${device}`}
              empty="Nobody may read it now."
              heightPixels={TABLE_PIXELS}
            />
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
