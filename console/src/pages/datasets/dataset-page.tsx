/** One dataset: its versions, and of the version that is chosen who holds it, how safe it is, and who may read it. */

import { Alert, Badge, Group, SegmentedControl, Select, SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useParams, useSearchParams } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import type { Version } from '../../components/spread.ts'
import { counted, dateText, deviceText, formatBytes } from '../../components/words.ts'
import { AccessPanel } from './access-panel.tsx'
import { DatasetActions } from './dataset-actions.tsx'
import { HoldersPanel } from './holders-panel.tsx'
import { LifePanel } from './life-panel.tsx'
import { SafetyPanel } from './safety-panel.tsx'

const EVERY_MS = 10_000
const BACK = { to: '/console/datasets', label: 'Datasets' }

export function DatasetPage(): ReactNode {
  const { name = '' } = useParams()
  const [search, setSearch] = useSearchParams()
  const dataset = useAnswer('dataset', { name }, { everyMs: EVERY_MS })
  const asked = search.get('version')
  const versions = dataset.data?.versions ?? []
  const chosen = versions.find(({ ordinal }) => String(ordinal) === asked) ?? versions[0]
  return (
    <PageFrame
      title={name}
      back={BACK}
      lead={
        chosen === undefined ? undefined : (
          <Group gap="xs">
            <Badge variant="default" tt="none" fw={500}>
              {chosen.dataClass}
            </Badge>
            <span>
              {counted(versions.length, 'version')}, the newest published{' '}
              <Ago atMs={versions[0]?.publishedAtMs ?? null} />
            </span>
          </Group>
        )
      }
      actions={chosen === undefined ? undefined : <DatasetActions name={name} version={chosen} />}
    >
      <Answered of={dataset}>
        {() =>
          chosen === undefined ? null : (
            <>
              <VersionChoice
                versions={versions}
                chosen={chosen}
                onChoose={ordinal => setSearch({ version: ordinal }, { replace: true })}
              />
              <Chosen name={name} version={chosen} />
            </>
          )
        }
      </Answered>
    </PageFrame>
  )
}

const SEGMENTS_MAX = 6

function labelOf({ ordinal, retired, closed }: Version): string {
  const mark = closed?.reason ?? (retired ? 'retired' : '')
  return mark === '' ? `@${ordinal}` : `@${ordinal} ${mark}`
}

function VersionChoice(props: {
  readonly versions: readonly Version[]
  readonly chosen: Version
  readonly onChoose: (ordinal: string) => void
}): ReactNode {
  const { versions, chosen, onChoose } = props
  const value = String(chosen.ordinal)
  // Of one there is nothing to choose.
  if (versions.length === 1) return null
  if (versions.length <= SEGMENTS_MAX)
    return (
      <SegmentedControl
        aria-label="Version"
        data={versions.map(version => ({ value: String(version.ordinal), label: labelOf(version) }))}
        value={value}
        onChange={onChoose}
        style={{ alignSelf: 'flex-start' }}
      />
    )
  return (
    <Select
      label="Version"
      searchable
      allowDeselect={false}
      maw={320}
      data={versions.map(version => ({
        value: String(version.ordinal),
        label: `${labelOf(version)}, ${dateText(version.publishedAtMs)}`
      }))}
      value={value}
      onChange={ordinal => ordinal !== null && onChoose(ordinal)}
    />
  )
}

function Chosen({ name, version }: { readonly name: string; readonly version: Version }): ReactNode {
  const { may } = useSession()
  const selector = version.version
  return (
    <>
      <Closed name={name} version={selector} />
      <HoldersPanel name={name} version={selector} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title={`Version @${version.ordinal}`} note="As the ledger has it">
          <VersionFacts version={version} />
        </Panel>
        <SafetyPanel name={name} version={selector} />
      </SimpleGrid>
      {may('retention') && may('holds') && <LifePanel name={name} version={selector} />}
      {may('readers') && <AccessPanel name={name} version={selector} isSealed={version.sealed} />}
    </>
  )
}

/** Why nobody may read it, if so. */
function Closed({ name, version }: { readonly name: string; readonly version: string }): ReactNode {
  const readers = useAnswer('readers', { name, version })
  const closed = readers.data?.closed ?? null
  if (closed === null) return null
  return (
    <Alert variant="outline" color="red" title={`It is closed: ${closed.reason}`} role="status">
      <Text size="sm">{closed.detail}</Text>
    </Alert>
  )
}

function VersionFacts({ version }: { readonly version: Version }): ReactNode {
  const { publisher, publishedAtMs, retired, closed, sealed, files, bytes, pieceBytes, origin, local } =
    version
  return (
    <Facts
      facts={[
        ['Id', version.version],
        ['Published', `${dateText(publishedAtMs)} by ${deviceText(publisher)}`],
        ['State', closed?.reason ?? (retired ? 'retired: nobody fetches it any more' : 'in use')],
        [
          'Content',
          `${counted(files, 'file')}, ${formatBytes(bytes)} in pieces of ${formatBytes(pieceBytes)}`
        ],
        ['Sealed', sealed ? 'yes: who holds it without a grant can not read it' : 'no'],
        ['Origin', origin ?? 'none'],
        ...local.map(
          ({ state, kind, path, haveBytes, problem }) =>
            [
              'On this node',
              `${state}, ${formatBytes(haveBytes)} ${kind === 'source' ? 'published from' : 'in'} ${path}` +
                (problem === null ? '' : `: ${problem.message}`)
            ] as const
        )
      ]}
    />
  )
}
