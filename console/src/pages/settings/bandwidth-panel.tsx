/** What limits the traffic of this node now. */

import { Button, Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { State } from '../../components/dot.tsx'
import { Failure } from '../../components/failure.tsx'
import { FormButton } from '../../components/form-dialogue.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { formatBytes, formatRate } from '../../components/words.ts'
import { BudgetForm, LimitForm } from './limit-form.tsx'

type Limits = Answer<'limits'>
type Rule = Limits['rules'][number]

const EVERY_MS = 15_000

export function BandwidthPanel(): ReactNode {
  const { may } = useSession()
  const limits = useAnswer('limits', {}, { everyMs: EVERY_MS })
  return (
    <Panel
      title="Bandwidth"
      note={
        limits.data === undefined ? undefined : (
          <>
            As of <Ago atMs={limits.data.atMs} />; rates and sizes are of payload
          </>
        )
      }
      aside={
        may('setLimits') && limits.data !== undefined ? (
          <Group gap="xs">
            <FormButton label="Add a limit" title="Limit the traffic of this node">
              {onDone => <LimitForm onDone={onDone} />}
            </FormButton>
            <FormButton label="Budget of a day" title="How much may cross the WAN in a day">
              {onDone => <BudgetForm budgets={limits.data.budgets} onDone={onDone} />}
            </FormButton>
          </Group>
        ) : undefined
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
      <EndLimit id={rule.id} />
    </>
  )
}

/** What it held back goes on at once; it can be set again as it was. */
function EndLimit({ id }: { readonly id: string }): ReactNode {
  const { may } = useSession()
  const remove = useAction('removeLimit')
  if (!may('removeLimit')) return null
  return (
    <>
      <br />
      <Button
        size="compact-xs"
        variant="default"
        mt={4}
        aria-label={`End the limit ${id}`}
        loading={remove.isPending}
        onClick={() => remove.mutate({ id })}
      >
        End
      </Button>
      {remove.error !== null && <Failure error={remove.error} />}
    </>
  )
}
