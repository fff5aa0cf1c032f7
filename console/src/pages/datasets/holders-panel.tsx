/** How far a version has come over the fleet, as it happens, and who holds how much of it. */

import { Box, Group, Progress, Stack, Text } from '@mantine/core'
import { type ReactNode, useMemo, useState } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Panel } from '../../components/panel.tsx'
import { type Holder, outsideText, shareOf, spread } from '../../components/spread.ts'
import { aboutText, counted, deviceText, formatRate, percentText } from '../../components/words.ts'
import { colourVariable } from '../../palette.ts'
import { type Going, going, isUnheard, type Look, leftMs, lookedAgain, paces } from './pace.ts'
import { SiteSpreads } from './site-spreads.tsx'

const EVERY_MS = 1_000
/** Each look at more holders than that costs the node and the link so much more, and shows little more. */
const HOLDERS_AT_ONCE = 1_000
const TABLE_PIXELS = 380

type Known = Answer<'holders'>

export function HoldersPanel({
  name,
  version
}: {
  readonly name: string
  readonly version: string
}): ReactNode {
  const everyMs = (known: Known | undefined): number =>
    EVERY_MS * Math.max(1, (known?.holders.length ?? 0) / HOLDERS_AT_ONCE)
  const holders = useAnswer('holders', { name, version }, { everyMs })
  return (
    <Panel
      title="Distribution"
      note={
        holders.data === undefined ? undefined : (
          <>
            As this node knows, <Ago atMs={holders.data.atMs} />; of those without a stream to it, only what
            they said last
          </>
        )
      }
    >
      <Answered of={holders}>{known => <Holders known={known} />}</Answered>
    </Panel>
  )
}

/** Kept as it is drawn and not after it: then all of it would be drawn twice at each look. */
function useLooks(known: Known): readonly Look[] {
  const [before, setLooks] = useState<readonly Look[]>([])
  const looks = lookedAgain(before, known)
  if (looks !== before) setLooks(looks)
  return looks
}

function Holders({ known }: { readonly known: Known }): ReactNode {
  const { holders, totalPieces } = known
  const { may } = useSession()
  const devices = useAnswer('devices', {}, { isOff: !may('devices') })
  const looks = useLooks(known)
  const pace = useMemo(() => paces(looks), [looks])
  const rows = holders.map(holder => ({ holder, totalPieces, pace: pace?.get(holder.device) }))
  return (
    <Stack gap="lg">
      <Whole known={known} going={going(looks, known.bytes)} />
      <SiteSpreads members={devices.data?.devices ?? []} holders={holders} totalPieces={totalPieces} />
      <DataTable
        label={`Who holds it: ${counted(spread(known).whole, 'device')} with all of it`}
        rows={rows}
        columns={COLUMNS}
        keyOf={({ holder }) => holder.device}
        linkOf={({ holder }) => `/console/network/devices/${holder.device}`}
        empty="Nobody is known to have any of it."
        heightPixels={TABLE_PIXELS}
      />
    </Stack>
  )
}

/** Of the whole fleet: in words, and as a bar that grows with each piece. */
function Whole({
  known,
  going: now
}: {
  readonly known: Known
  readonly going: Going | undefined
}): ReactNode {
  const { holders, totalPieces, members } = known
  const counts = spread(known)
  const { whole, part, unknown } = counts
  const parts = holders.filter(({ isWhole, isMember }) => isMember && !isWhole)
  const outside = outsideText(counts)
  const inParts = parts.reduce((sum, holder) => sum + shareOf(holder, totalPieces), 0)
  const percent = (devices: number): number => (members === 0 ? 0 : (100 * devices) / members)
  return (
    <Box>
      <Group justify="space-between" align="baseline" style={{ gap: '4px 24px' }} mb="xs">
        <Text size="sm" component="div">
          <Text span fz={26} fw={650} lh={1.2} style={{ fontVariantNumeric: 'tabular-nums' }}>
            {percentText(whole + inParts, members)}
          </Text>{' '}
          of what {counted(members, 'device')} would have
        </Text>
        {part > 0 && <Moving going={now} />}
      </Group>
      <Progress.Root size={14} mb="xs" aria-hidden="true" transitionDuration={EVERY_MS}>
        <Progress.Section value={percent(whole)} color={colourVariable('whole')} />
        <Progress.Section value={percent(inParts)} color={colourVariable('part')} />
      </Progress.Root>
      <Group style={{ gap: '4px 20px' }}>
        <Count
          count={whole}
          label={whole === 1 ? 'device has all of it' : 'devices have all of it'}
          colour={colourVariable('whole')}
        />
        <Count
          count={part}
          label={part === 1 ? 'has a part' : 'have a part'}
          colour={colourVariable('part')}
        />
        <Count count={unknown} label="not known to have any" colour={colourVariable('none')} />
      </Group>
      {outside !== null && (
        <Text size="sm" c="dimmed" mt={4}>
          {outside}, and may have it still.
        </Text>
      )}
    </Box>
  )
}

/** What comes to all of them, how long it takes, and who gets nothing. */
function Moving({ going: now }: { readonly going: Going | undefined }): ReactNode {
  if (now === undefined)
    return (
      <Text size="sm" c="dimmed">
        how fast, is seen in some seconds
      </Text>
    )
  const { bytesPerSecond, moving, still, unheard, leftMs: left } = now
  const standing = [
    still > 0 ? `nothing came to ${still.toLocaleString('en')} while you looked` : '',
    unheard > 0
      ? `${unheard.toLocaleString('en')} that had a part ${unheard === 1 ? 'is' : 'are'} not heard now`
      : ''
  ]
    .filter(Boolean)
    .join('; ')
  return (
    <Text size="sm" component="div" style={{ fontVariantNumeric: 'tabular-nums' }}>
      {moving > 0 && (
        <>
          <b>{formatRate(bytesPerSecond)}</b> in all to {counted(moving, 'device')}
          {left !== null && <>, the last of them done in about {aboutText(left)}</>}
        </>
      )}
      {standing !== '' && (
        <Text span inherit c="var(--mantine-color-yellow-outline)">
          {moving > 0 && '; '}
          {standing}
        </Text>
      )}
    </Text>
  )
}

function Count(props: {
  readonly count: number
  readonly label: string
  readonly colour: string
}): ReactNode {
  const { count, label, colour } = props
  return (
    <Group gap={6} wrap="nowrap">
      <Box w={10} h={10} bg={colour} bdrs={3} aria-hidden="true" />
      <Text size="sm">
        <b>{count.toLocaleString('en')}</b> {label}
      </Text>
    </Group>
  )
}

interface Row {
  readonly holder: Holder
  readonly totalPieces: number | null
  /** What it gets of the version in a second; undefined while it is not known. */
  readonly pace: number | undefined
}

const BY: Readonly<Record<Holder['by'], string>> = {
  here: 'this node itself',
  stream: 'it, over a stream',
  'past stream': 'it, when its stream ended',
  ledger: 'it, in the ledger',
  publisher: 'it published it'
}

const COLUMNS: readonly Column<Row>[] = [
  {
    ...{ title: 'Device', width: 'minmax(100px, 1fr)' },
    value: ({ holder }) => deviceText(holder),
    order: ({ holder }) => deviceText(holder)
  },
  {
    ...{ title: 'Has', width: 'minmax(120px, 1.6fr)' },
    value: ({ holder, totalPieces }) => <Has holder={holder} totalPieces={totalPieces} />,
    order: ({ holder, totalPieces }) => shareOf(holder, totalPieces)
  },
  {
    ...{ title: 'Left', width: '96px', align: 'right', from: 'sm' },
    value: leftText,
    order: ({ holder, totalPieces, pace }) =>
      leftMs(shareOf(holder, totalPieces), pace) ?? Number.MAX_SAFE_INTEGER
  },
  {
    ...{ title: 'Site', width: 'minmax(70px, 0.8fr)', from: 'md' },
    value: ({ holder }) => holder.site ?? 'not known',
    order: ({ holder }) => holder.site ?? ''
  },
  {
    ...{ title: 'Says', width: 'minmax(150px, 1fr)', from: 'lg' },
    value: ({ holder }) => BY[holder.by],
    order: ({ holder }) => holder.by
  },
  {
    ...{ title: 'As of', width: '96px', align: 'right', from: 'md' },
    value: ({ holder }) => <Ago atMs={holder.asOfAtMs} />,
    order: ({ holder }) => holder.asOfAtMs
  }
]

function leftText({ holder, totalPieces, pace }: Row): string {
  if (!holder.isMember) return 'no member'
  if (isUnheard(holder)) return 'not heard'
  if (holder.isWhole || pace === undefined) return ''
  const left = leftMs(shareOf(holder, totalPieces), pace)
  return left === null ? 'stands still' : aboutText(left)
}

function Has({ holder, totalPieces }: Pick<Row, 'holder' | 'totalPieces'>): ReactNode {
  const share = shareOf(holder, totalPieces)
  const words = holder.isWhole ? 'all' : percentText(share, 1)
  return (
    <Group gap={8} wrap="nowrap">
      <Progress
        value={100 * share}
        color={colourVariable(holder.isWhole ? 'whole' : 'part')}
        transitionDuration={EVERY_MS}
        flex={1}
        aria-label={`${deviceText(holder)} has ${words}`}
      />
      <Text span inherit w={40} ta="right">
        {words}
      </Text>
    </Group>
  )
}
