/** How much of its disk this node holds for the org, and how much of it stays free. */

import { List, NumberInput, SimpleGrid, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { parseBytes } from '../../../../src/base/units.ts'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { Answered } from '../../components/answered.tsx'
import { FormButton } from '../../components/form-dialogue.tsx'
import { doneHere } from '../../components/outcome.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { formatBytes } from '../../components/words.ts'

type Own = Answer<'storage'>['own']

const EVERY_MS = 30_000
const PERCENT = 100

export function RoomPanel(): ReactNode {
  const storage = useAnswer('storage', {}, { everyMs: EVERY_MS })
  const { may } = useSession()
  const own = storage.data?.own
  return (
    <Panel
      title="Room"
      note="What this node holds of others, and of its disk"
      aside={
        may('setCapacity') && own !== undefined ? (
          <FormButton label="Change the room" title="Room that this node offers">
            {onDone => <RoomForm own={own} onDone={onDone} />}
          </FormButton>
        ) : undefined
      }
    >
      <Answered of={storage}>{known => <Room own={known.own} />}</Answered>
    </Panel>
  )
}

function Room({ own }: { readonly own: Own }): ReactNode {
  const { capacityBytes, toldBytes, keptBytes, keepFreeShare, diskFreeBytes, diskTotalBytes } = own
  return (
    <Facts
      facts={[
        ['Offered', capacityBytes === 0 ? 'nothing: no copies are placed here' : formatBytes(capacityBytes)],
        ...(toldBytes < capacityBytes
          ? [['Told to the others', `${formatBytes(toldBytes)}: the disk has no more to spare now`] as const]
          : []),
        ['Kept for others', formatBytes(keptBytes)],
        ['Disk', `${formatBytes(diskFreeBytes)} free of ${formatBytes(diskTotalBytes)}`],
        ['Stays free', `${shownPercent(keepFreeShare)} % of the disk`]
      ]}
    />
  )
}

function shownPercent(share: number): number {
  return Math.round(share * PERCENT * 10) / 10
}

function RoomForm({ own, onDone }: { readonly own: Own; readonly onDone: () => void }): ReactNode {
  const { capacityBytes: before, keepFreeShare, keptBytes, diskTotalBytes, diskFreeBytes } = own
  const setCapacity = useAction('setCapacity')
  const shown = before === 0 ? '0' : formatBytes(before)
  const [written, setWritten] = useState(shown)
  const [percent, setPercent] = useState<number>(shownPercent(keepFreeShare))
  // What is shown is rounded, so what was not touched is sent as it is.
  const bytes = written === shown ? before : written.trim() === '0' ? 0 : parseBytes(written.trim())
  const problem =
    bytes === undefined
      ? 'write a size such as 200GB, or 0 for nothing'
      : bytes > diskTotalBytes
        ? `the disk has ${formatBytes(diskTotalBytes)} in all`
        : undefined
  const isReady = problem === undefined
  const goes = isReady && (bytes ?? 0) < keptBytes
  const spareBytes = Math.max(0, diskFreeBytes + keptBytes - (percent / PERCENT) * diskTotalBytes)
  return (
    <ActingForm
      verb="Set it"
      isReady={isReady}
      act={async () => {
        const after = await setCapacity.mutateAsync({
          ...{ capacityBytes: bytes ?? 0, keepFreeShare: percent / PERCENT }
        })
        const less = after.toldBytes < after.capacityBytes ? `, ${formatBytes(after.toldBytes)} now` : ''
        return doneHere(
          after.capacityBytes === 0
            ? 'This node offers no room any more.'
            : `This node offers ${formatBytes(after.capacityBytes)}${less}.`
        )
      }}
      onDone={onDone}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput
          label="Offered for copies"
          placeholder="200GB"
          autoComplete="off"
          value={written}
          error={written === '' ? undefined : problem}
          onChange={event => setWritten(event.currentTarget.value)}
        />
        <NumberInput
          label="Of the disk stays free, in %"
          min={0}
          max={99}
          decimalScale={1}
          value={percent}
          onChange={value => typeof value === 'number' && setPercent(value)}
        />
      </SimpleGrid>
      {isReady && (
        <List size="sm" spacing={4}>
          {(bytes ?? 0) > spareBytes && (
            <List.Item>
              The disk has {formatBytes(spareBytes)} to spare now, so no more is offered until there is more.
            </List.Item>
          )}
          <List.Item>A tenth of what is offered is not placed upon: it is for repairs.</List.Item>
          {goes ? (
            <List.Item>
              It keeps {formatBytes(keptBytes)} now: what is too much goes once others have proved their
              copies.
            </List.Item>
          ) : (
            <List.Item>What it keeps now, {formatBytes(keptBytes)}, stays.</List.Item>
          )}
        </List>
      )}
      {!isReady && (
        <Text size="sm" c="dimmed">
          The disk has {formatBytes(diskFreeBytes)} free of {formatBytes(diskTotalBytes)}.
        </Text>
      )}
    </ActingForm>
  )
}
