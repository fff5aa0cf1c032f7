/** Sets a limit of bandwidth, and how much may cross the WAN in a day. */

import { Select, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { ActingForm } from '../../components/acting-form.tsx'
import { DATA_CLASSES } from '../../components/data-classes.ts'
import { doneHere } from '../../components/outcome.tsx'
import { formatBytes, sentence } from '../../components/words.ts'
import { writtenOrNull } from '../../components/written.ts'
import {
  budgetBytes,
  type LimitFields,
  limitProblems,
  limitRequest,
  limitText,
  NEW_LIMIT
} from './limit-words.ts'

const CHOICES = {
  direction: [
    { value: 'down', label: 'What it asks for' },
    { value: 'up', label: 'What it sends' }
  ],
  link: [
    { value: 'wan', label: 'To and from other sites' },
    { value: 'lan', label: 'Within its site' },
    { value: 'all', label: 'Over every link' }
  ],
  dataClass: ['all', ...DATA_CLASSES].map(value => ({
    value,
    label: value === 'all' ? 'Of every class' : `Of class ${value}`
  })),
  kind: [
    { value: 'cap', label: 'Takes no more than a rate' },
    { value: 'background', label: 'Gives way to other traffic' }
  ],
  days: [
    { value: 'mon-fri', label: 'Monday to Friday' },
    { value: 'sat,sun', label: 'Saturday and Sunday' },
    { value: '', label: 'Every day' }
  ]
} as const

export function LimitForm({ onDone }: { readonly onDone: () => void }): ReactNode {
  const setLimits = useAction('setLimits')
  const [fields, setFields] = useState(NEW_LIMIT)
  const change = (changes: Partial<LimitFields>): void => setFields({ ...fields, ...changes })
  const problems = limitProblems(fields)
  const says = limitText(fields)
  const isReady = Object.keys(problems).length === 0
  const select = (label: string, field: keyof typeof CHOICES): ReactNode => (
    <Select
      label={label}
      data={[...CHOICES[field]]}
      value={fields[field]}
      allowDeselect={false}
      onChange={value => value !== null && change({ [field]: value })}
    />
  )
  const text = (label: string, field: 'rate' | 'from' | 'until' | 'zone', more: object = {}): ReactNode => (
    <TextInput
      label={label}
      autoComplete="off"
      value={fields[field]}
      error={fields[field] === '' ? undefined : problems[field]}
      onChange={event => change({ [field]: event.currentTarget.value })}
      {...more}
    />
  )
  return (
    <ActingForm
      verb="Set it"
      isReady={isReady}
      act={async () => {
        await setLimits.mutateAsync({ rules: [limitRequest(fields)] })
        return doneHere(`From now on ${says}`)
      }}
      onDone={onDone}
    >
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        {select('Traffic', 'direction')}
        {select('Where', 'link')}
        {select('Class', 'dataClass')}
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {select('It', 'kind')}
        {fields.kind === 'cap' &&
          text('Rate', 'rate', { placeholder: '5MB/s or 20Mbit/s; 0 lets nothing go', required: true })}
      </SimpleGrid>
      <Switch
        label="At all times"
        checked={fields.isAlways}
        onChange={event => change({ isAlways: event.currentTarget.checked })}
      />
      {!fields.isAlways && (
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          {select('Days', 'days')}
          {text('Time zone', 'zone', { placeholder: 'that of the node' })}
          {text('From', 'from')}
          {text('Until', 'until', { description: 'It may go over midnight.' })}
        </SimpleGrid>
      )}
      <Text size="sm" role="status">
        {isReady
          ? `${sentence(says)} Of the same traffic at the same hours it takes the place of the limit before.`
          : ''}
      </Text>
    </ActingForm>
  )
}

export function BudgetForm(props: {
  readonly budgets: Answer<'limits'>['budgets']
  readonly onDone: () => void
}): ReactNode {
  const { budgets, onDone } = props
  const setBudget = useAction('setBudget')
  const bytesBefore = (direction: 'up' | 'down'): number | null =>
    budgets.find(each => each.direction === direction)?.bytes ?? null
  const before = (direction: 'up' | 'down'): string => {
    const found = bytesBefore(direction)
    return found === null ? '' : formatBytes(found)
  }
  const [written, setWritten] = useState({ down: before('down'), up: before('up') })
  const [zone, setZone] = useState(budgets[0]?.zone ?? '')
  const changed = (['down', 'up'] as const).filter(direction => written[direction] !== before(direction))
  // What is shown is rounded, so what was not touched is sent as it is.
  const bytesOf = (direction: 'up' | 'down'): number | null | undefined =>
    changed.includes(direction) ? budgetBytes(written[direction]) : bytesBefore(direction)
  const bytes = { down: bytesOf('down'), up: bytesOf('up') }
  const isReady =
    (changed.length > 0 || zone !== (budgets[0]?.zone ?? '')) && !Object.values(bytes).includes(undefined)
  const budgetOf = (direction: 'up' | 'down') => {
    const of = bytes[direction]
    return of === null || of === undefined ? null : { bytes: of, zone: writtenOrNull(zone) }
  }
  const field = (direction: 'up' | 'down', label: string): ReactNode => (
    <TextInput
      label={label}
      placeholder="without a limit"
      autoComplete="off"
      value={written[direction]}
      error={bytes[direction] === undefined ? 'write a size such as 500MB or 20GB, or nothing' : undefined}
      onChange={event => setWritten({ ...written, [direction]: event.currentTarget.value })}
    />
  )
  return (
    <ActingForm
      verb="Set it"
      isReady={isReady}
      act={async () => {
        await setBudget.mutateAsync(
          Object.fromEntries(
            (['down', 'up'] as const)
              .filter(each => changed.includes(each) || bytes[each] !== null)
              .map(each => [each, budgetOf(each)])
          )
        )
        const says = (['down', 'up'] as const).map(each => {
          const of = bytes[each]
          return `${each}: ${of === null || of === undefined ? 'no limit' : formatBytes(of)} a day`
        })
        return doneHere(`What may cross between this node and other sites: ${says.join(', ')}.`)
      }}
      onDone={onDone}
    >
      <Stack gap="xs">
        <Text size="sm">
          When it is spent, nothing more crosses until midnight of the zone, or until it is raised; within the
          site all goes on. What was used today counts.
        </Text>
      </Stack>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        {field('down', 'Fetched from other sites in a day')}
        {field('up', 'Sent to other sites in a day')}
        <TextInput
          label="Whose days they are"
          placeholder="that of the node"
          value={zone}
          onChange={event => setZone(event.currentTarget.value)}
        />
      </SimpleGrid>
    </ActingForm>
  )
}
