/**
 * An admin's approval of an operation that waits for it. Wherever it is given, what it leads to is shown first, and it
 * is given by who writes the name of what it is about.
 */

import { List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction, useAnswer } from '../api/answers.ts'
import { type Activity, useActivity } from '../api/live.tsx'
import { useSession } from '../api/session.tsx'
import { Answered } from './answered.tsx'
import {
  approvalsText,
  classChanged,
  consequenceOf,
  type Entry,
  type Line,
  nameToWrite,
  roleGiven
} from './approval-words.ts'
import { ClassReach } from './class-reach.tsx'
import { Dialogue } from './form-dialogue.tsx'
import { NamedForm } from './named-action.tsx'
import { RoleReach } from './role-reach.tsx'
import { spread } from './spread.ts'
import { counted, deviceText } from './words.ts'

/** Whether somebody here can approve things at all: for an admin's device, with the scope. */
export function useApprover(): {
  readonly isApprover: boolean
  /** Of this node; undefined until it has said so. */
  readonly device: Activity['device'] | undefined
} {
  const { may } = useSession()
  const device = useActivity()?.device
  return { isApprover: may('approve') && device?.admin === true, device }
}

export function approvalTitle({ author, says }: Line): string {
  return `Approve: ${deviceText(author)} ${says}`
}

export function ApprovalDialogue(props: {
  readonly of: Line
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactNode {
  const { of, isOpen, onClose } = props
  return (
    <Dialogue title={approvalTitle(of)} isOpen={isOpen} onClose={onClose}>
      <Approval operation={of.operation} onDone={onClose} />
    </Dialogue>
  )
}

function Approval(props: { readonly operation: string; readonly onDone: () => void }): ReactNode {
  const { operation, onDone } = props
  const entry = useAnswer('operation', { id: operation })
  const approve = useAction('approve')
  return (
    <Answered of={entry}>
      {known => (
        <NamedForm
          verb="Approve"
          name={nameToWrite(known)}
          reason="none"
          reach={() => <Reach entry={known} />}
          act={async () => [await approve.mutateAsync({ id: operation })]}
          onDone={onDone}
        />
      )}
    </Answered>
  )
}

/** What it does, and whom it hits once it counts, as this node can tell. */
function Reach({ entry }: { readonly entry: Entry }): ReactNode {
  const { author, says, type, concerns } = entry
  const versions = concerns.datasets.filter(({ version }) => version !== null)
  const consequence = consequenceOf(type)
  const role = roleGiven(entry)
  const dataClass = classChanged(entry)
  return (
    <Stack gap="xs">
      <Text size="sm">
        This device signs, for every device of the org to see, that it agrees: {deviceText(author)} {says}. An
        approval can not be taken back.
      </Text>
      {consequence !== null && <Text size="sm">{consequence}</Text>}
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
        {role !== null && <RoleNamed name={role} />}
        {dataClass !== null && (
          <List.Item>
            <ClassReach dataClass={dataClass} />
          </List.Item>
        )}
      </List>
    </Stack>
  )
}

function RoleNamed({ name }: { readonly name: string }): ReactNode {
  const roles = useAnswer('roles', {})
  const role = roles.data?.roles.find(each => each.role === name)
  return role === undefined ? null : <RoleReach role={role} />
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
