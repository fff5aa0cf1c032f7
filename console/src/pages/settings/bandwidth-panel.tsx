/** What limits the traffic of this node now. */

import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { State } from '../../components/dot.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { formatBytes, formatRate } from '../../components/words.ts'

type Limits = Answer<'limits'>
type Rule = Limits['rules'][number]

const EVERY_MS = 15_000

export function BandwidthPanel(): ReactNode {
  const limits = useAnswer('limits', {}, { everyMs: EVERY_MS })
  return (
    <Panel
      title="Bandwidth"
      note={
        limits.data === undefined ? undefined : (
          <>
            As of <Ago atMs={limits.data.atMs} />; changed by peerage limits set
          </>
        )
      }
    >
      <Answered of={limits}>{known => <Known limits={known} />}</Answered>
    </Panel>
  )
}

function Known({ limits: { rules, budgets, unreadable } }: { readonly limits: Limits }): ReactNode {
  return (
    <Stack gap="sm">
      {unreadable && (
        <Text size="sm" component="div">
          <State tone="bad">The limits that were set can not be read, so that none are in force.</State>
        </Text>
      )}
      {rules.length + budgets.length === 0 && !unreadable && (
        <Text size="sm">There are no limits: it uses what the network gives.</Text>
      )}
      <Facts
        facts={[
          ...rules.map(rule => [`Limit ${rule.id}`, <RuleText key={rule.id} rule={rule} />] as const),
          ...budgets.map(
            ({ direction, bytes, usedBytes, spent, resetsAtMs, zone }) =>
              [
                `Budget ${direction}`,
                <span key={direction}>
                  <State tone={spent ? 'bad' : 'good'}>
                    {formatBytes(usedBytes)} of {formatBytes(bytes)} used
                  </State>
                  , anew <Ago atMs={resetsAtMs} /> ({zone})
                </span>
              ] as const
          )
        ]}
      />
    </Stack>
  )
}

function RuleText({ rule }: { readonly rule: Rule }): ReactNode {
  const { kind, direction, link, dataClass, hours, bytesPerSecond, inForce, currentBytesPerSecond, holdsUp } =
    rule
  const scope = [
    `${direction} over ${link === 'all' ? 'every link' : link}`,
    dataClass === 'all' ? null : `of class ${dataClass}`,
    hours === null ? null : `in the hours ${hours}`
  ].filter(part => part !== null)
  return (
    <>
      <State tone={inForce ? (holdsUp ? 'warn' : 'good') : 'quiet'}>
        {kind === 'cap' && bytesPerSecond !== null
          ? `at most ${formatRate(bytesPerSecond)}`
          : 'yields to others'}{' '}
        {scope.join(', ')}
      </State>
      <br />
      {inForce ? `in force, ${formatRate(currentBytesPerSecond)} now` : 'not in force now'}
      {holdsUp && ', and holds transfers up'}
    </>
  )
}
