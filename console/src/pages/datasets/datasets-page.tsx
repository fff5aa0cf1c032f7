/** The list of datasets. */

import { Badge } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { datasetPath } from '../../components/dataset-link.tsx'
import { State, type Tone } from '../../components/dot.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Panel } from '../../components/panel.tsx'
import { isMeant, SearchField } from '../../components/search-field.tsx'
import { deviceText, formatBytes } from '../../components/words.ts'

type Summary = Answer<'datasets'>['datasets'][number]

const EVERY_MS = 10_000

export function DatasetsPage(): ReactNode {
  const datasets = useAnswer('datasets', {}, { everyMs: EVERY_MS })
  const [written, setWritten] = useState('')
  return (
    <PageFrame
      title="Datasets"
      lead="As the ledger that this node knows has them, each by its newest version"
    >
      <Answered of={datasets}>
        {({ datasets: all }) => {
          const shown = all.filter(each =>
            isMeant(written, [each.name, each.dataClass, each.publisher.name, each.version])
          )
          return (
            <Panel
              title="All datasets"
              note={`${shown.length.toLocaleString('en')} of ${all.length.toLocaleString('en')} shown`}
              aside={<SearchField label="Find a dataset" value={written} onChange={setWritten} />}
            >
              <DataTable
                label="Datasets"
                rows={shown}
                columns={COLUMNS}
                keyOf={({ name }) => name}
                linkOf={({ name }) => datasetPath(name)}
                empty={
                  all.length === 0
                    ? 'Nothing is published yet: peerage publish PATH --name NAME publishes a file or folder.'
                    : 'No dataset is meant by that.'
                }
              />
            </Panel>
          )
        }}
      </Answered>
    </PageFrame>
  )
}

const HERE: Readonly<Record<Summary['local'], readonly [Tone, string]>> = {
  none: ['quiet', 'not here'],
  fetching: ['warn', 'being fetched'],
  complete: ['good', 'here'],
  partial: ['warn', 'in part'],
  damaged: ['bad', 'damaged']
}

function stateOf({ local, retired, closed }: Summary): readonly [Tone, string] {
  if (closed !== null) return ['bad', closed.reason]
  return retired ? ['quiet', 'retired'] : HERE[local]
}

const COLUMNS: readonly Column<Summary>[] = [
  {
    ...{ title: 'Dataset', width: 'minmax(120px, 1.8fr)' },
    value: ({ name }) => name,
    order: ({ name }) => name
  },
  {
    ...{ title: 'On this node', width: '118px' },
    value: summary => {
      const [tone, word] = stateOf(summary)
      return <State tone={tone}>{word}</State>
    },
    order: summary => stateOf(summary).join()
  },
  {
    ...{ title: 'Class', width: '120px', from: 'md' },
    value: ({ dataClass }) => (
      <Badge variant="default" tt="none" fw={500}>
        {dataClass}
      </Badge>
    ),
    order: ({ dataClass }) => dataClass
  },
  {
    ...{ title: 'Newest', width: '72px', align: 'right', from: 'md' },
    value: ({ ordinal }) => `@${ordinal}`,
    order: ({ ordinal }) => ordinal
  },
  {
    ...{ title: 'Size', width: '88px', align: 'right', from: 'sm' },
    value: ({ bytes }) => formatBytes(bytes),
    order: ({ bytes }) => bytes
  },
  {
    ...{ title: 'Files', width: '80px', align: 'right', from: 'lg' },
    value: ({ files }) => files.toLocaleString('en'),
    order: ({ files }) => files
  },
  {
    ...{ title: 'Published by', width: 'minmax(90px, 1fr)', from: 'lg' },
    value: ({ publisher }) => deviceText(publisher),
    order: ({ publisher }) => deviceText(publisher)
  },
  {
    ...{ title: 'Published', width: '104px', align: 'right', from: 'md' },
    value: ({ publishedAtMs }) => <Ago atMs={publishedAtMs} />,
    order: ({ publishedAtMs }) => publishedAtMs
  }
]
