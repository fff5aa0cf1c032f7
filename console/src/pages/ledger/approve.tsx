/** An admin's approval of an operation that waits for it, after what it reaches. */

import { Group, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import { useSession } from '../../api/session.tsx'
import { Answered } from '../../components/answered.tsx'
import { NamedAction } from '../../components/named-action.tsx'
import { counted, deviceText, shortId } from '../../components/words.ts'
import { spread } from '../datasets/spread.ts'
import { approvalsText, type Entry, nameToWrite } from './ledger-words.ts'

export function Approve({ entry }: { readonly entry: Entry }): ReactNode {
  const { may } = useSession()
  const activity = useActivity()
  const approve = useAction('approve')
  const { operation, says, author, reason } = entry
  const isOffered = reason === 'needs-approval' && may('approve') && activity?.device.admin === true
  if (reason === 'needs-approval' && activity?.device.admin === false)
    return (
      <Text size="sm" c="dimmed" maw={320}>
        {activity.device.name} is no device of an admin, so it can approve nothing. An admin's device can,
        here or by peerage approve {shortId(operation)}.
      </Text>
    )
  return (
    <Group>
      <NamedAction
        isOffered={isOffered}
        verb="Approve"
        title={`Approve: ${deviceText(author)} ${says}`}
        name={nameToWrite(entry)}
        reason="none"
        reach={() => <Reach entry={entry} />}
        act={async () => [await approve.mutateAsync({ id: operation })]}
      />
    </Group>
  )
}

/** Whom it hits once it counts, as this node can tell. */
function Reach({ entry }: { readonly entry: Entry }): ReactNode {
  const { author, says, concerns } = entry
  const versions = concerns.datasets.filter(({ version }) => version !== null)
  return (
    <Stack gap="xs">
      <Text size="sm">
        This device signs, for every device of the org to see, that it agrees: {deviceText(author)} {says}. An
        approval can not be taken back.
      </Text>
      <List size="sm" spacing={4}>
        <List.Item>{approvalsText(entry)}.</List.Item>
        {versions.map(({ name, ordinal, version }) => (
          <List.Item key={`${name} ${version}`}>
            <Holders name={name} version={version ?? ''} what={`${name}@${ordinal}`} />
          </List.Item>
        ))}
        {concerns.devices.map(device => (
          <List.Item key={device.device}>
            <Readable device={device.device} name={deviceText(device)} />
          </List.Item>
        ))}
      </List>
    </Stack>
  )
}

function Holders(props: {
  readonly name: string
  readonly version: string
  readonly what: string
}): ReactNode {
  const { name, version, what } = props
  const holders = useAnswer('holders', { name, version })
  const readers = useAnswer('readers', { name, version })
  return (
    <Answered of={holders}>
      {known => {
        const { whole, part, unknown } = spread(known)
        const may = new Set((readers.data?.devices ?? []).map(({ device }) => device)).size
        return (
          `${what}: ${counted(whole, 'device')} known to have all of it and ${part} a part; of ${unknown} it is not ` +
          `known${readers.data === undefined ? '' : `; ${may} may read it now`}.`
        )
      }}
    </Answered>
  )
}

function Readable({ device, name }: { readonly device: string; readonly name: string }): ReactNode {
  const readable = useAnswer('readable', { device })
  return (
    <Answered of={readable}>
      {({ versions }) => `${name} may read ${counted(versions.length, 'version')} now.`}
    </Answered>
  )
}
