/** One risk: its score, what that follows from, how it went, and who lives with it. */

import { Badge, Box, Code, Group, List, SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useParams } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { State } from '../../components/dot.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { dateText, deviceText, shortId } from '../../components/words.ts'
import { AcceptRisk, WithdrawAcceptance } from './acceptance-actions.tsx'
import { Level } from './level.tsx'
import classes from './risk.module.css'
import {
  boundsText,
  type Control,
  GRADES,
  type Indicator,
  type Risk,
  takenText,
  valueText
} from './risk-words.ts'
import { TreatmentForm } from './treatment-form.tsx'
import { TrendChart } from './trend-chart.tsx'

const EVERY_MS = 30_000
const NAMED_MAX = 3
const BACK = { to: '/console/risk', label: 'Risk' }

export function RiskPage(): ReactNode {
  const { id = '' } = useParams()
  const { may } = useSession()
  const risk = useAnswer('risk', { id }, { everyMs: EVERY_MS })
  return (
    <PageFrame
      title={risk.data?.title ?? id}
      back={BACK}
      lead={risk.data?.description}
      actions={risk.data !== undefined && may('acceptRisk') ? <AcceptRisk risk={risk.data} /> : undefined}
    >
      <Answered of={risk}>{known => <Known risk={known} />}</Answered>
    </PageFrame>
  )
}

function Known({ risk }: { readonly risk: Risk }): ReactNode {
  return (
    <>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <ScorePanel risk={risk} />
        <Panel title="Trend" note="The worst of each day, then of each week; days of UTC">
          <TrendChart trend={risk.trend} />
        </Panel>
      </SimpleGrid>
      <Panel title="Indicators" note="What was measured, by whom, and when it was read">
        <ul className={classes.entries}>
          {risk.indicators.map(indicator => (
            <IndicatorEntry key={indicator.id} indicator={indicator} />
          ))}
        </ul>
      </Panel>
      <Panel
        title="Controls"
        note="Proved: measured or checked now. Attested: signed by who says so. Judged: believed, and not measured."
      >
        <ul className={classes.entries}>
          {risk.controls.map(control => (
            <ControlEntry key={control.id} control={control} />
          ))}
        </ul>
      </Panel>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title="Owner and treatment" note="Notes on this node alone; the ledger does not have them">
          <TreatmentForm key={`${risk.owner} ${risk.treatment}`} risk={risk} />
        </Panel>
        <AcceptancesPanel risk={risk} />
      </SimpleGrid>
      <Panel title="Where it stands in standards" note="Pointers, and no statement of conformity">
        <Facts
          facts={[
            ['Category', risk.category],
            ['Threat events', risk.threatEvents.join('; ')],
            ['NIST CSF 2.0', risk.mapping.csf.join(', ')],
            ['ISO/IEC 27001', `2022 Annex A: ${risk.mapping.iso.join(', ')}`],
            ['GDPR', risk.mapping.gdpr.join(', ')]
          ]}
        />
      </Panel>
    </>
  )
}

function ScorePanel({ risk: { inherent, residual, steps } }: { readonly risk: Risk }): ReactNode {
  return (
    <Panel title="Score" note="Likelihood × impact, from 1 to 25">
      <Facts
        facts={[
          [
            'Now',
            <Group key="now" gap="xs">
              <Level {...residual} />
              <span>
                {residual.likelihood} × {residual.impact}
              </span>
            </Group>
          ],
          [
            'Inherent',
            <span key="inherent">
              {inherent.score} {inherent.level} ({inherent.likelihood} × {inherent.impact}): {inherent.why}
            </span>
          ]
        ]}
      />
      <Steps title="Likelihood" lines={steps.likelihood} />
      <Steps title="Impact" lines={steps.impact} />
    </Panel>
  )
}

function Steps({ title, lines }: { readonly title: string; readonly lines: readonly string[] }): ReactNode {
  return (
    <>
      <Text size="sm" fw={600} mt="sm">
        {title}
      </Text>
      <List size="sm" spacing={2}>
        {lines.map(line => (
          <List.Item key={line}>{line}</List.Item>
        ))}
      </List>
    </>
  )
}

function fromText({ devices }: Indicator): string {
  if (devices.length === 0) return 'of no device by itself'
  const names = devices.slice(0, NAMED_MAX).map(deviceText).join(', ')
  return `from ${names}${devices.length > NAMED_MAX ? ` and ${devices.length - NAMED_MAX} more` : ''}`
}

function IndicatorEntry({ indicator }: { readonly indicator: Indicator }): ReactNode {
  const { title, factor, unit, value, grade, unknown, detail, atMs } = indicator
  const [tone, says] = GRADES[grade]
  const more = unknown ?? detail
  return (
    <li>
      <div>
        <Text size="sm" fw={600}>
          {title}
        </Text>
        {more !== null && <Text size="sm">{more}</Text>}
        <Text size="sm" c="dimmed">
          {factor}; {boundsText(indicator)}; {fromText(indicator)}, read <Ago atMs={atMs} />
        </Text>
      </div>
      <div>
        <Text fw={650} component="div">
          {value === null ? 'not known' : valueText(unit, value)}
        </Text>
        {value !== null && (
          <Text size="sm" component="div">
            <State tone={tone}>{says}</State>
          </Text>
        )}
      </div>
    </li>
  )
}

const BASES: Readonly<Record<Control['basis'], string>> = {
  proved: 'teal',
  attested: 'blue',
  judged: 'gray'
}

function ControlEntry({ control }: { readonly control: Control }): ReactNode {
  return (
    <li>
      <div>
        <Text size="sm" fw={600}>
          {control.title}
        </Text>
        <Text size="sm">{control.because}</Text>
        <Text size="sm" c="dimmed">
          Evidence: {control.evidence}
        </Text>
      </div>
      <div>
        <Badge variant="default" tt="none" fw={600} leftSection={<Mark color={BASES[control.basis]} />}>
          {control.basis}
        </Badge>
        <Text size="sm">{takenText(control)}</Text>
      </div>
    </li>
  )
}

function Mark({ color }: { readonly color: string }): ReactNode {
  return <Text span display="block" w={9} h={9} bg={`${color}.6`} bdrs="50%" aria-hidden="true" />
}

function AcceptancesPanel({ risk }: { readonly risk: Risk }): ReactNode {
  const { may } = useSession()
  if (risk.acceptances.length === 0)
    return (
      <Panel title="Acceptances" note="Signed into the ledger by admins">
        <Text size="sm">Nobody has accepted it.</Text>
      </Panel>
    )
  return (
    <Panel title="Acceptances" note="Signed into the ledger by admins; they lower nothing">
      <ul className={classes.entries}>
        {risk.acceptances.map(acceptance => {
          const { operation, by, score, reason, acceptedAtMs, untilMs, state } = acceptance
          return (
            <li key={operation}>
              <div>
                <Text size="sm" fw={600}>
                  {reason}
                </Text>
                <Text size="sm" c="dimmed">
                  By {deviceText(by)} <Ago atMs={acceptedAtMs} />, up to a score of {score}, until{' '}
                  {dateText(untilMs)}; operation <Code>{shortId(operation)}</Code>
                </Text>
              </div>
              <div>
                <Text size="sm" component="div">
                  <State tone={state === 'in-force' ? 'good' : state === 'exceeded' ? 'bad' : 'quiet'}>
                    {state === 'in-force' ? 'in force' : state}
                  </State>
                </Text>
                {state !== 'ended' && may('withdrawAcceptance') && (
                  <Box mt={6}>
                    <WithdrawAcceptance risk={risk} acceptance={acceptance} />
                  </Box>
                )}
              </div>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
