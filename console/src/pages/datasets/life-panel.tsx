/** How long a version is kept, and what holds it from being deleted. */

import { Group, List, NumberInput, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { DAY_MS } from '../../../../src/base/units.ts'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { Ago, useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { CONSEQUENCES } from '../../components/approval-words.ts'
import { FormButton } from '../../components/form-dialogue.tsx'
import { type HeldLine, HeldLines } from '../../components/held-lines.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { ReasonField } from '../../components/reason-field.tsx'
import { dateText, deviceText, durationText } from '../../components/words.ts'
import { writtenOrNull } from '../../components/written.ts'
import { overBy } from './over.ts'

type Retained = Answer<'retention'>['versions'][number]
type Hold = Answer<'holds'>['holds'][number]

export function LifePanel({ name, version }: { readonly name: string; readonly version: string }): ReactNode {
  const { may } = useSession()
  const retention = useAnswer('retention', {})
  const holds = useAnswer('holds', {})
  const lift = useAction('liftHold')
  const here = holds.data?.holds.filter(hold => hold.name === name) ?? []
  const kept = retention.data?.versions.filter(each => each.name === name) ?? []
  const holdLine = ({ operation, by, reason, placedAtMs }: Hold): HeldLine => ({
    ...{ verb: 'Lift it', title: `Lift the hold on ${name} by ${deviceText(by)}`, name },
    isOffered: may('liftHold'),
    says: (
      <>
        Held by {deviceText(by)}, <Ago atMs={placedAtMs} />
        {reason === null ? '' : `: ${reason}`}
      </>
    ),
    reach: CONSEQUENCES['hold.lift'],
    act: async () => [await lift.mutateAsync({ id: operation })]
  })
  return (
    <Panel
      title="How long it is kept"
      note="The shorter of what its class and it itself say; a hold keeps it beyond that"
      aside={
        <Group gap="xs">
          {may('setRetention') && (
            <FormButton label="Set how long" title={`How long ${name} is kept`}>
              {onDone => <RetentionForm name={name} version={version} versions={kept} onDone={onDone} />}
            </FormButton>
          )}
          {may('placeHold') && (
            <FormButton label="Hold it" title={`Hold ${name} for the record`}>
              {onDone => <HoldForm name={name} onDone={onDone} />}
            </FormButton>
          )}
        </Group>
      }
    >
      <Answered of={retention}>{() => <Kept of={kept.find(each => each.version === version)} />}</Answered>
      <Stack gap="xs" mt="sm">
        <HeldLines lines={here.map(holdLine)} />
      </Stack>
    </Panel>
  )
}

function Kept({ of }: { readonly of: Retained | undefined }): ReactNode {
  if (of === undefined) return <Text size="sm">This version is not kept by any rule: it is out of use.</Text>
  const { keptMs, by, overAtMs, state } = of
  return (
    <Facts
      facts={[
        [
          'Kept for',
          keptMs === null ? 'no limit: until somebody deletes it' : `${durationText(keptMs)}, by the ${by}`
        ],
        ['Over', overAtMs === null ? 'never by itself' : <Ago key="over" atMs={overAtMs} />],
        ['State', STATES[state]]
      ]}
    />
  )
}

const STATES: Readonly<Record<Retained['state'], string>> = {
  kept: 'kept',
  over: 'over: peerage retention run has it erased',
  held: 'over, but held'
}

const NONE_OVER = { over: [], next: null } as const

function RetentionForm(props: {
  readonly name: string
  readonly version: string
  readonly versions: readonly Retained[]
  readonly onDone: () => void
}): ReactNode {
  const { name, version, versions, onDone } = props
  const setRetention = useAction('setRetention')
  const storage = useAnswer('versionStorage', { name, version })
  const isStored = storage.data === undefined || storage.data.policy !== null
  const [days, setDays] = useState<number | null>(null)
  const keepMs = days === null ? null : days * DAY_MS
  const nowMs = useNowMs()
  const { over, next } = keepMs === null ? NONE_OVER : overBy(versions, keepMs, nowMs)
  return (
    <ActingForm
      verb="Set it"
      isReady={isStored}
      isDangerous={over.length > 0}
      name={over.length > 0 ? name : undefined}
      act={async () => [await setRetention.mutateAsync({ scope: { kind: 'dataset', name }, keepMs })]}
      onDone={onDone}
    >
      <NumberInput
        label="Days that a version is kept"
        description="Empty: as long as its class says."
        min={1}
        allowDecimal={false}
        value={days ?? ''}
        onChange={value => setDays(typeof value === 'number' ? value : null)}
      />
      <List size="sm" spacing={4}>
        {!isStored && (
          <List.Item>
            Nobody has said how {name} is stored, and how long is a part of that: change its policy first.
          </List.Item>
        )}
        {keepMs === null && <List.Item>Its versions are kept as long as their class says.</List.Item>}
        {keepMs !== null && over.length === 0 && (
          <List.Item>
            No version is over by it now
            {next !== null && `; the first is ${name}@${next.version.ordinal}, ${dateText(next.atMs)}`}. What
            is over is erased by who runs the retention.
          </List.Item>
        )}
        {over.map(({ ordinal, publishedAtMs }) => (
          <List.Item key={ordinal}>
            {name}@{ordinal}, published {dateText(publishedAtMs)}, is over by it.
          </List.Item>
        ))}
      </List>
    </ActingForm>
  )
}

function HoldForm({ name, onDone }: { readonly name: string; readonly onDone: () => void }): ReactNode {
  const placeHold = useAction('placeHold')
  const [reason, setReason] = useState('')
  return (
    <ActingForm
      verb="Hold it"
      isReady
      act={async () => [await placeHold.mutateAsync({ name, reason: writtenOrNull(reason) })]}
      onDone={onDone}
    >
      <Text size="sm">
        No version of {name} is deleted by an erasure or for its age while it is held, on any device. Access
        to it can still be taken.
      </Text>
      <ReasonField value={reason} onChange={setReason} />
    </ActingForm>
  )
}
