/** The grants by which a dataset is read, and their end. */

import { List } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { NamedDialogue } from '../../components/named-action.tsx'
import { type RowAction, useRowDialogue } from '../../components/row-dialogue.tsx'
import { counted, deviceText } from '../../components/words.ts'
import { type Grant, granteeReference, granteeText, reaches, scopeText } from './grants.ts'

const TABLE_PIXELS = 300

export function GrantsTable({ name }: { readonly name: string }): ReactNode {
  const access = useAnswer('access', {})
  const { may } = useSession()
  const { columns, chosen, isOpen, close } = useRowDialogue(COLUMNS, may('revokeAccess') ? REVOKE : null)
  return (
    <>
      <Answered of={access}>
        {({ grants, policies }) => {
          const policy = policies.find(each => each.name === name)
          const here = grants.filter(grant => reaches(grant, name, policy))
          return (
            <DataTable
              label={`Grants of it: ${here.length}`}
              rows={here}
              columns={columns}
              keyOf={({ operation }) => operation}
              empty="Nobody was granted it."
              heightPixels={TABLE_PIXELS}
            />
          )
        }}
      </Answered>
      {chosen !== null && (
        <EndGrant key={chosen.operation} name={name} grant={chosen} isOpen={isOpen} onClose={close} />
      )}
    </>
  )
}

const COLUMNS: readonly Column<Grant>[] = [
  {
    ...{ title: 'Granted to', width: 'minmax(104px, 1fr)' },
    value: grant => `${grant.grantee.kind === 'group' ? 'group ' : ''}${granteeText(grant)}`,
    order: grant => granteeText(grant)
  },
  {
    ...{ title: 'Of', width: 'minmax(100px, 1fr)', from: 'md' },
    value: ({ scope }) => scopeText(scope),
    order: ({ scope }) => scopeText(scope)
  },
  {
    ...{ title: 'Purpose', width: 'minmax(80px, 1fr)', from: 'sm' },
    value: ({ purpose }) => purpose ?? 'none',
    order: ({ purpose }) => purpose ?? ''
  },
  {
    ...{ title: 'By', width: 'minmax(70px, 1fr)', from: 'lg' },
    value: ({ by }) => deviceText(by),
    order: ({ by }) => deviceText(by)
  },
  {
    ...{ title: 'Since', width: '96px', from: 'md' },
    value: ({ grantedAtMs }) => <Ago atMs={grantedAtMs} />,
    order: ({ grantedAtMs }) => grantedAtMs
  },
  {
    ...{ title: 'Until', width: '84px' },
    value: ({ expiresAtMs }) => (expiresAtMs === null ? 'no end' : <Ago atMs={expiresAtMs} />),
    order: ({ expiresAtMs }) => expiresAtMs ?? Number.POSITIVE_INFINITY
  }
]

const REVOKE: RowAction<Grant> = {
  ...{ title: 'End it', width: '88px', verb: 'Revoke', isDangerous: true },
  label: grant => `Revoke the grant to ${granteeText(grant)}`
}

function EndGrant(props: {
  readonly name: string
  readonly grant: Grant
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactNode {
  const { name, grant, isOpen, onClose } = props
  const revoke = useAction('revokeAccess')
  const who = granteeText(grant)
  return (
    <NamedDialogue
      verb="Revoke"
      title={`Revoke the grant to ${who}`}
      name={who}
      reason="none"
      isOpen={isOpen}
      onClose={onClose}
      reach={() => <Reach name={name} grant={grant} />}
      act={async () => [await revoke.mutateAsync({ who: granteeReference(grant), scope: grant.scope })]}
    />
  )
}

function Reach({ name, grant }: { readonly name: string; readonly grant: Grant }): ReactNode {
  const readers = useAnswer('readers', { name })
  return (
    <List size="sm" spacing={4}>
      <List.Item>
        Every grant of {scopeText(grant.scope)} to {granteeText(grant)} ends, whatever its purpose, on every
        device as soon as it hears of this.
      </List.Item>
      {grant.scope.kind !== 'name' && (
        <List.Item>That is of more than {name}: other datasets are read no more by it either.</List.Item>
      )}
      <List.Item>
        <Answered of={readers}>
          {({ devices }) => {
            const by = devices.filter(each => each.grant === grant.operation).length
            return by === 0
              ? 'Nobody reads the newest version by this grant alone.'
              : `${counted(by, 'device')} may read the newest version by it, and may not any more unless something else lets ` +
                  `${by === 1 ? 'it' : 'them'}.`
          }}
        </Answered>
      </List.Item>
      <List.Item>
        Copies that were read stay where they are. Of sealed versions, have the keys wrapped anew: Wrap the
        keys anew.
      </List.Item>
    </List>
  )
}
