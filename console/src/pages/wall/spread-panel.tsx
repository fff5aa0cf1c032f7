/** How far the newest versions have come over the devices of the org. */

import { Box, Group, Progress, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { Panel } from '../../components/panel.tsx'
import { spread } from '../../components/spread.ts'
import { counted, formatBytes } from '../../components/words.ts'
import { colourVariable } from '../../palette.ts'
import { newest } from './newest.ts'

const SHOWN_MAX = 4
const DATASETS_EVERY_MS = 10_000
const HOLDERS_EVERY_MS = 5_000

type Dataset = Answer<'datasets'>['datasets'][number]

export function SpreadPanel(): ReactNode {
  const datasets = useAnswer('datasets', {}, { everyMs: DATASETS_EVERY_MS })
  return (
    <Panel title="Newest versions" note="How many devices have each, as far as this node knows">
      <Answered of={datasets}>
        {({ datasets: all }) => {
          const shown = newest(all, SHOWN_MAX)
          if (shown.length === 0) return <Text size="sm">Nothing is published yet.</Text>
          return (
            <Stack gap="md">
              {shown.map(dataset => (
                <Spread key={dataset.name} dataset={dataset} />
              ))}
            </Stack>
          )
        }}
      </Answered>
    </Panel>
  )
}

function Spread({ dataset }: { readonly dataset: Dataset }): ReactNode {
  const { name, ordinal, version, bytes, publishedAtMs } = dataset
  const holders = useAnswer('holders', { name, version }, { everyMs: HOLDERS_EVERY_MS })
  const { whole, part, unknown } = holders.data === undefined ? NOT_KNOWN : spread(holders.data)
  const all = Math.max(1, whole + part + unknown)
  return (
    <Box>
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <Text size="sm" fw={600} truncate>
          {name}@{ordinal}
        </Text>
        <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {formatBytes(bytes)}, <Ago atMs={publishedAtMs} />
        </Text>
      </Group>
      <Progress.Root size="lg" my={4} aria-hidden="true">
        <Progress.Section value={(100 * whole) / all} color={colourVariable('whole')} />
        <Progress.Section value={(100 * part) / all} color={colourVariable('part')} />
      </Progress.Root>
      <Text size="sm">
        {holders.data === undefined
          ? 'Who has it is still being asked.'
          : `${counted(whole, 'device')} of ${all.toLocaleString('en')} ${whole === 1 ? 'has' : 'have'} all of it` +
            `${part === 0 ? '' : `, ${part.toLocaleString('en')} a part`}`}
      </Text>
    </Box>
  )
}

const NOT_KNOWN = { whole: 0, part: 0, unknown: 0 }
