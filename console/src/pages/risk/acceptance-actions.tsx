/** Accepting a risk for a time, and ending that before. */

import { Group, List, NumberInput, Select, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { DAY_MS } from '../../../../src/base/units.ts'
import { useAction } from '../../api/answers.ts'
import { NamedAction } from '../../components/named-action.tsx'
import { dateText, deviceText } from '../../components/words.ts'
import type { Acceptance, Risk } from './risk-words.ts'

const SCORE_MAX = 25
const DAYS = ['30', '90', '180', '365']

export function AcceptRisk({ risk: { id, title, residual } }: { readonly risk: Risk }): ReactNode {
  const acceptRisk = useAction('acceptRisk')
  const [days, setDays] = useState('90')
  const [score, setScore] = useState<number | null>(null)
  return (
    <NamedAction
      verb="Accept"
      title={`Accept the risk: ${title}`}
      name={id}
      isDangerous={false}
      reason="needed"
      reach={() => (
        <Stack gap="xs">
          <List size="sm" spacing={4}>
            <List.Item>It lowers nothing: what remains of the risk stays {residual.score} of 25.</List.Item>
            <List.Item>
              It is signed into the ledger, where every device of the org sees it, and takes an admin.
            </List.Item>
            <List.Item>It ends by itself, and is exceeded while the score is higher than accepted.</List.Item>
          </List>
          <Group grow align="flex-start">
            <Select
              label="For"
              data={DAYS.map(value => ({ value, label: `${value} days` }))}
              value={days}
              allowDeselect={false}
              onChange={value => value !== null && setDays(value)}
            />
            <NumberInput
              label="Up to a score of"
              min={1}
              max={SCORE_MAX}
              allowDecimal={false}
              value={score ?? residual.score}
              onChange={value => setScore(typeof value === 'number' ? value : null)}
            />
          </Group>
        </Stack>
      )}
      act={async reason => [
        await acceptRisk.mutateAsync({
          ...{ id, reason: reason ?? '', expiresInMs: Number(days) * DAY_MS, score: score ?? residual.score }
        })
      ]}
    />
  )
}

export function WithdrawAcceptance(props: {
  readonly risk: Risk
  readonly acceptance: Acceptance
}): ReactNode {
  const { risk, acceptance } = props
  const withdraw = useAction('withdrawAcceptance')
  return (
    <NamedAction
      verb="Withdraw"
      title={`End the acceptance of: ${risk.title}`}
      name={risk.id}
      reason="none"
      reach={() => (
        <Text size="sm">
          {deviceText(acceptance.by)} accepted it until {dateText(acceptance.untilMs)}. It ends now for every
          device of the org.
        </Text>
      )}
      act={async () => [await withdraw.mutateAsync({ id: acceptance.operation })]}
    />
  )
}
