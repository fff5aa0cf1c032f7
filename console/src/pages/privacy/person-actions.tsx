/** The end of what is about a person, and of knowing whom it was about. */

import { Checkbox, List, Select, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { erasureActed } from '../../components/erasure-acted.ts'
import { NamedAction } from '../../components/named-action.tsx'
import { counted, deviceText } from '../../components/words.ts'
import { reachOf, reachText, type SubjectVersion } from './subject-words.ts'

interface PersonProps {
  readonly id: string
  readonly versions: readonly SubjectVersion[]
}

const BASES = [
  { value: 'art17', label: 'art17: the person asked for it' },
  { value: 'contract', label: 'contract: it ended' },
  { value: 'error', label: 'error: it should not have been published' }
]

export function ErasePerson({ id, versions }: PersonProps): ReactNode {
  const { may } = useSession()
  const erase = useAction('erase')
  const [basis, setBasis] = useState('art17')
  const reach = reachOf(versions)
  return (
    <NamedAction
      isOffered={may('erase') && reach.versions > 0}
      verb="Erase all about the person"
      title="Erase all that is about the person, everywhere"
      name={id}
      reach={() => (
        <Stack gap="sm">
          <Text size="sm">{reachText(reach)}</Text>
          <List size="sm" spacing={4}>
            <List.Item>
              Whole versions go, with what is in them about others; publish without the person first what has
              to stay.
            </List.Item>
            <List.Item>
              It takes as many admins as a root of the org. Then nobody reads it, each device deletes its
              copies and confirms that by its signature. It can not come back.
            </List.Item>
          </List>
          <Select
            label="Basis"
            description="It stands in the certificate."
            data={BASES}
            value={basis}
            allowDeselect={false}
            onChange={value => value !== null && setBasis(value)}
          />
        </Stack>
      )}
      act={async reason => erasureActed(await erase.mutateAsync({ subject: id, basis, reason }))}
    />
  )
}

export function ForgetPerson({ id, versions }: PersonProps): ReactNode {
  const { may } = useSession()
  const forget = useAction('forgetSubject')
  const [force, setForce] = useState(false)
  const { versions: there, unproved } = reachOf(versions)
  const isProved = there === 0 && unproved.length === 0
  return (
    <NamedAction
      isOffered={may('forgetSubject')}
      verb="Forget the person"
      title="Destroy what links pseudonyms to the person"
      name={id}
      reason="none"
      reach={() => (
        <Stack gap="sm">
          <Text size="sm">
            Nobody finds out afterwards which versions were about whom, and cases lose the id. Admins and
            devices with the role privacy that are not linked now forget it when they next meet one that has.
          </Text>
          <Text size="sm">
            {isProved
              ? 'Every device has confirmed that all about the person is gone.'
              : `Not proved: ${there === 0 ? '' : `${counted(there, 'version')} still there; `}${
                  unproved.length === 0 ? 'erase it first' : `no word of ${unproved.join(', ')}`
                }.`}
          </Text>
          {!isProved && (
            <Checkbox
              label="Forget the person all the same"
              description="What comes to light later, nobody can tell whom it is about."
              checked={force}
              onChange={event => setForce(event.currentTarget.checked)}
            />
          )}
        </Stack>
      )}
      act={async () => {
        const { keys, stewards } = await forget.mutateAsync({ id, force })
        const left = stewards.filter(({ forgotten }) => !forgotten).map(deviceText)
        return [
          {
            says: `${counted(keys, 'key')} destroyed on ${counted(stewards.length - left.length, 'device')}.`,
            inForce: true,
            waitsFor: left.length === 0 ? null : left.join(', ')
          }
        ]
      }}
    />
  )
}
