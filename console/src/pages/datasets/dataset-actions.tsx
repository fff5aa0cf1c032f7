/** Quarantine, recall and erasure of a version, each after what it reaches. */

import { Group, List, Select, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Answered } from '../../components/answered.tsx'
import { CONSEQUENCES } from '../../components/approval-words.ts'
import { erasureActed } from '../../components/erasure-acted.ts'
import { NamedAction } from '../../components/named-action.tsx'
import { outsideText, spread, type Version } from '../../components/spread.ts'
import { counted } from '../../components/words.ts'

interface ActionsProps {
  readonly name: string
  readonly version: Version
}

export function DatasetActions({ name, version }: ActionsProps): ReactNode {
  const { may } = useSession()
  const readers = useAnswer('readers', { name, version: version.version }, { isOff: !may('quarantine') })
  const quarantine = useAction('quarantine')
  const release = useAction('release')
  const recall = useAction('recall')
  const what = `${name}@${version.ordinal}`
  const asked = { name, version: version.version }
  const isQuarantined = readers.data?.closed?.reason === 'quarantined'
  return (
    <Group gap="sm">
      <NamedAction
        isOffered={may('quarantine') && isQuarantined}
        verb="Release"
        title={`Release ${what}`}
        name={name}
        isDangerous={false}
        reach={() => <Text size="sm">Whoever may read it reads and serves it again.</Text>}
        act={async reason => [await release.mutateAsync({ ...asked, reason })]}
      />
      <NamedAction
        isOffered={may('quarantine') && !isQuarantined}
        verb="Quarantine"
        title={`Quarantine ${what}`}
        name={name}
        reach={() => <Reach name={name} version={version} does={CONSEQUENCES['content.quarantine']} />}
        act={async reason => [await quarantine.mutateAsync({ ...asked, reason })]}
      />
      <NamedAction
        isOffered={may('recall')}
        verb="Recall"
        title={`Recall ${what}`}
        name={name}
        reach={() => <Reach name={name} version={version} does={CONSEQUENCES['content.recall']} />}
        act={async reason => [await recall.mutateAsync({ ...asked, reason })]}
      />
      {may('erase') && <Erase name={name} version={version} />}
    </Group>
  )
}

const BASES = [
  { value: 'art17', label: 'art17: a person asked for it' },
  { value: 'retention', label: 'retention: its time is over' },
  { value: 'contract', label: 'contract: it ended' },
  { value: 'error', label: 'error: it should not have been published' }
]

function Erase({ name, version }: ActionsProps): ReactNode {
  const erase = useAction('erase')
  const [basis, setBasis] = useState('art17')
  return (
    <NamedAction
      verb="Erase"
      title={`Erase ${name}@${version.ordinal} everywhere`}
      name={name}
      reach={() => (
        <>
          <Reach name={name} version={version} does={CONSEQUENCES['content.erase']} />
          <Select
            label="Basis"
            description="On which the organisation erases it; it stands in the certificate."
            data={BASES}
            value={basis}
            allowDeselect={false}
            onChange={value => value !== null && setBasis(value)}
          />
        </>
      )}
      act={async reason =>
        erasureActed(await erase.mutateAsync({ name, version: version.version, basis, reason }))
      }
    />
  )
}

/** Whom it hits, as this node can tell. */
function Reach({ name, version, does }: ActionsProps & { readonly does: string }): ReactNode {
  const asked = { name, version: version.version }
  const holders = useAnswer('holders', asked)
  const readers = useAnswer('readers', asked)
  return (
    <Stack gap="xs">
      <Text size="sm">{does}</Text>
      <List size="sm" spacing={4}>
        <List.Item>
          <Answered of={holders}>
            {known => {
              const counts = spread(known)
              const { whole, part, unknown } = counts
              const outside = outsideText(counts)
              return (
                `${counted(whole, 'device')} ${whole === 1 ? 'is' : 'are'} known to have all of it ` +
                `and ${part} a part; of ${unknown} it is not known.` +
                (outside === null ? '' : ` ${outside}, and no order reaches it there.`)
              )
            }}
          </Answered>
        </List.Item>
        <List.Item>
          <Answered of={readers}>
            {({ devices }) =>
              `${counted(new Set(devices.map(({ device }) => device)).size, 'device')} may read it now.`
            }
          </Answered>
        </List.Item>
        <List.Item>Only this version is meant; others of {name} stay.</List.Item>
      </List>
    </Stack>
  )
}
