/** One breach: its clock, whom it concerns, who read what in its time, and the draft of the notification. */

import { Alert, Badge, Button, Code, Group, List, SimpleGrid, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useParams } from 'react-router'
import { breachPage, noticeOf, sealedText } from '../../../../src/report/breach-page.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Answered } from '../../components/answered.tsx'
import { Asked } from '../../components/asked.tsx'
import { LogsPanel } from '../../components/logs-panel.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { ReadsTable } from '../../components/reads-table.tsx'
import { jsonText, SaveFiles } from '../../components/save-files.tsx'
import { counted, dateText, deviceText, formatBytes } from '../../components/words.ts'
import { AlertIcon } from '../../shell/icons.tsx'
import { BreachActions, SAID } from './breach-forms.tsx'
import { BreachState } from './breaches-page.tsx'
import { type BreachCase, outcomeText } from './clock.ts'
import { BREACHES } from './privacy-frame.tsx'

type Report = Answer<'breach'>
type Concerned = Report['datasets'][number]

const BACK = { to: BREACHES, label: 'Breaches' }

export function BreachPage(): ReactNode {
  const { id = '' } = useParams()
  const report = useAnswer('breach', { id }, { isStill: true })
  const breach = report.data?.breach
  return (
    <PageFrame
      title={breach?.summary ?? `Breach ${id}`}
      back={BACK}
      lead={<Asked of={report} />}
      actions={breach === undefined ? undefined : <BreachActions breach={breach} />}
    >
      <Answered of={report}>{known => <Known report={known} />}</Answered>
    </PageFrame>
  )
}

function Known({ report }: { readonly report: Report }): ReactNode {
  const { breach, datasets, toFillIn, device } = report
  return (
    <>
      <Figures report={report} />
      {toFillIn.length > 0 && (
        <Alert
          variant="outline"
          color="yellow"
          icon={<AlertIcon />}
          title="The notification is not complete"
          role="status"
        >
          <Text size="sm">
            To be filled in: {toFillIn.join('; ')}. What is not known yet may follow in phases.
          </Text>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <CasePanel breach={breach} device={deviceText(device)} />
        <Panel
          title="What is said of it"
          note="In the draft of the notification; it is sent by people, never from here"
          aside={
            <SaveFiles
              files={[
                {
                  label: 'Draft to print',
                  name: `breach-${breach.id}.html`,
                  content: () => breachPage(report)
                },
                { label: 'JSON', name: `breach-${breach.id}.json`, content: () => jsonText(noticeOf(report)) }
              ]}
            />
          }
        >
          <Sayings breach={breach} />
        </Panel>
      </SimpleGrid>
      {datasets.map(each => (
        <ConcernedPanel key={each.name} concerned={each} breach={breach} />
      ))}
      <PersonsPanel id={breach.id} known={report.personsKnown} />
      <LogsPanel survey={report} />
      <Panel title="What this does not say">
        <List size="sm" spacing={4}>
          {report.limits.map(limit => (
            <List.Item key={limit}>{limit}</List.Item>
          ))}
        </List>
      </Panel>
    </>
  )
}

function Sayings({ breach: { said } }: { readonly breach: BreachCase }): ReactNode {
  return (
    <Stack component="dl" gap="xs" m={0}>
      {Object.entries(SAID).map(([field, label]) => (
        <div key={field}>
          <Text component="dt" size="sm" c="dimmed">
            {label}
          </Text>
          <Text component="dd" size="sm" m={0}>
            {said[field as keyof typeof SAID] ?? 'not said yet'}
          </Text>
        </div>
      ))}
    </Stack>
  )
}

function Figures({
  report: { breach, readers, personsKnown, datasets, missing }
}: {
  readonly report: Report
}) {
  const pseudonyms = datasets.reduce((sum, each) => sum + each.pseudonyms, 0)
  return (
    <FigureGrid>
      <Figure
        label="Notification"
        value={<BreachState of={breach} />}
        note={`due ${dateText(breach.dueAtMs)}`}
      />
      <Figure
        label="Devices that read it"
        value={readers.length}
        note={readers.length === 0 ? 'by the logs that were had' : readers.map(deviceText).join(', ')}
      />
      <Figure
        label="Persons known"
        value={personsKnown}
        note={`at the least; ${counted(pseudonyms, 'pseudonym')} in the ledger`}
      />
      <Figure
        label="Logs not had"
        value={missing.length}
        note={missing.length === 0 ? 'every member answered' : 'reads in them are not known'}
      />
    </FigureGrid>
  )
}

function spanText({ fromMs, toMs }: Pick<BreachCase, 'fromMs' | 'toMs'>): string {
  const begin = fromMs === null ? 'the beginning' : dateText(fromMs)
  return `from ${begin} to ${toMs === null ? 'now' : dateText(toMs)}`
}

function CasePanel({ breach, device }: { readonly breach: BreachCase; readonly device: string }): ReactNode {
  const { id, awareAtMs, dueAtMs, notifiedAtMs, personsToldAtMs, closed } = breach
  return (
    <Panel title="The case" note={`Noted on ${device} alone`}>
      <Facts
        facts={[
          ['Breach', <Code key="id">{id}</Code>],
          ['It was', spanText(breach)],
          ['Became known', dateText(awareAtMs)],
          ['Notification due', dateText(dueAtMs)],
          ['Authority notified', notifiedAtMs === null ? 'not yet' : dateText(notifiedAtMs)],
          ['Persons told', personsToldAtMs === null ? 'not yet' : dateText(personsToldAtMs)],
          ...(closed === null
            ? []
            : [
                [
                  'Closed',
                  `${dateText(closed.atMs)}, ${outcomeText(closed.outcome)}: ${closed.reason}`
                ] as const
              ])
        ]}
      />
    </Panel>
  )
}

function ConcernedPanel(props: { readonly concerned: Concerned; readonly breach: BreachCase }): ReactNode {
  const { concerned, breach } = props
  const { name, classes, labels, sealed, versions, files, bytes, mayRead, holders, reads } = concerned
  const places = new Set(
    holders.filter(({ endedAtMs }) => endedAtMs === null).map(each => deviceText(each.device))
  )
  return (
    <Panel
      title={`Who read ${name} ${spanText(breach)}`}
      note="Each read leaves an entry at its server, one at its reader, and the reader's signed receipt at the server"
    >
      <Stack gap="sm">
        <Group gap="xs">
          {[...classes, sealedText(sealed), ...labels.map(label => `label ${label}`)].map(each => (
            <Badge key={each} variant="default" tt="none" fw={500}>
              {each}
            </Badge>
          ))}
        </Group>
        <Text size="sm">
          {counted(versions.length, 'version')} {versions.length === 1 ? 'was' : 'were'} there at the time:{' '}
          {counted(files, 'file')}, {formatBytes(bytes)}. {counted(mayRead, 'device')} may read it now.{' '}
          {places.size === 0
            ? 'No log says who holds it.'
            : `Held, by their logs, by ${[...places].join(', ')}.`}
        </Text>
        <ReadsTable
          label={`Reads of ${name} in that time`}
          reads={reads}
          empty="No log that could be had tells of a read in that time."
        />
      </Stack>
    </Panel>
  )
}

/** Names are in no report; to tell the persons they are asked for, and that is noted. */
function PersonsPanel({ id, known }: { readonly id: string; readonly known: number }): ReactNode {
  const { may } = useSession()
  const [isShown, setShown] = useState(false)
  const persons = useAnswer('breachPersons', { id }, { isStill: true, isOff: !isShown })
  return (
    <Panel title="Persons to tell" note="Art. 34: without undue delay, where a high risk to them is likely">
      {isShown ? (
        <Answered of={persons}>
          {({ persons: ids }) =>
            ids.length === 0 ? (
              <Text size="sm">No person is known to be concerned.</Text>
            ) : (
              <List size="sm">
                {ids.map(each => (
                  <List.Item key={each}>{each}</List.Item>
                ))}
              </List>
            )
          }
        </Answered>
      ) : (
        <Group gap="sm">
          <Button variant="default" disabled={!may('breachPersons')} onClick={() => setShown(true)}>
            Show their ids
          </Button>
          <Text size="sm" c="dimmed">
            {counted(known, 'person')} {known === 1 ? 'is' : 'are'} known here by tags. Looking them up is
            noted in the audit log.
          </Text>
        </Group>
      )}
    </Panel>
  )
}
