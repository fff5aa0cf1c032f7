/** Suspending, revoking and readmitting a device, each after what it reaches. */

import { Group, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useLive } from '../../api/live.tsx'
import { useSession } from '../../api/session.tsx'
import { Answered } from '../../components/answered.tsx'
import { CONSEQUENCES } from '../../components/approval-words.ts'
import { NamedAction } from '../../components/named-action.tsx'
import { counted, deviceText, formatRate } from '../../components/words.ts'
import { type DeviceRecord, roleText } from './device-rows.ts'

export function DeviceActions({ record }: { readonly record: DeviceRecord }): ReactNode {
  const { may } = useSession()
  const suspend = useAction('suspendDevice')
  const revoke = useAction('revokeDevice')
  const readmit = useAction('readmitDevice')
  if (!may('revokeDevice')) return null
  const { device, standing } = record
  const name = deviceText(record)
  return (
    <Group gap="sm">
      <NamedAction
        isOffered={standing === 'suspended'}
        verb="Readmit"
        title={`Readmit ${name}`}
        name={name}
        isDangerous={false}
        reach={() => <Text size="sm">It may link and read again as before, once the others know.</Text>}
        act={async reason => [await readmit.mutateAsync({ device, reason })]}
      />
      <NamedAction
        isOffered={standing === 'member'}
        verb="Suspend"
        title={`Suspend ${name}`}
        name={name}
        reach={() => <Reach record={record} isForGood={false} />}
        act={async reason => [await suspend.mutateAsync({ device, reason })]}
      />
      <NamedAction
        isOffered={standing === 'member' || standing === 'suspended'}
        verb="Revoke"
        title={`Revoke ${name} for good`}
        name={name}
        reach={() => <Reach record={record} isForGood />}
        act={async reason => [await revoke.mutateAsync({ device, reason })]}
      />
    </Group>
  )
}

/** Whom and what it hits, as this node can tell. */
function Reach({
  record,
  isForGood
}: {
  readonly record: DeviceRecord
  readonly isForGood: boolean
}): ReactNode {
  const { device } = record
  const { peers } = useLive()
  const live = peers.find(peer => peer.device === device)
  const readable = useAnswer('readable', { device })
  const loss = useAnswer('whatIf', { lose: [`device:${device}`] })
  const roles = roleText(record)
  return (
    <Stack gap="xs">
      <Text size="sm">{CONSEQUENCES[isForGood ? 'device.revoke' : 'device.suspend']}</Text>
      <List size="sm" spacing={4}>
        <List.Item>
          {live?.connected === true
            ? `It is linked with this node; ${formatRate(live.receiveBytesPerSecond + live.sendBytesPerSecond)} go between them now.`
            : 'It is not linked with this node.'}
        </List.Item>
        <List.Item>
          {roles === '' ? 'It has no role.' : `It has these roles, which end with it: ${roles}.`}
        </List.Item>
        <List.Item>
          <Answered of={readable}>
            {({ versions }) => `It may read ${counted(versions.length, 'version')}, and will read none.`}
          </Answered>
        </List.Item>
        <List.Item>
          What it has fetched until now stays on its disk: what it read, and when, is in Audit.
        </List.Item>
        <List.Item>
          <Answered of={loss}>{({ datasets }) => <Loss datasets={datasets} />}</Answered>
        </List.Item>
      </List>
    </Stack>
  )
}

interface Consequence {
  readonly dataset: string
  readonly belowPolicy: number
  readonly belowPolicyBefore: number
  readonly unreadable: number
  readonly unreadableBefore: number
}

function Loss({ datasets }: { readonly datasets: readonly Consequence[] }): ReactNode {
  const lost = datasets.filter(({ unreadable, unreadableBefore }) => unreadable > unreadableBefore)
  const thin = datasets.filter(each => each.belowPolicy > each.belowPolicyBefore && !lost.includes(each))
  if (lost.length + thin.length === 0) return 'Without it everything stored is as safe as its policy asks.'
  const names = (of: readonly Consequence[]) => of.map(({ dataset }) => dataset).join(', ')
  return (
    <>
      {lost.length > 0 && (
        <Text span inherit fw={600}>
          Without it versions of {names(lost)} could not be read by anybody.{' '}
        </Text>
      )}
      {thin.length > 0 &&
        `Without it versions of ${names(thin)} have fewer copies than asked for, until repaired.`}
    </>
  )
}
