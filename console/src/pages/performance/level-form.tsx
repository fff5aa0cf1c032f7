/** Sets a service level, or changes one. An admin signs it, so each device knows it. */

import { Group, NumberInput, Select, SimpleGrid, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { DAY_MS } from '../../../../src/base/units.ts'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { DAY_CHOICES } from '../../components/term-field.tsx'
import { writtenOrNull } from '../../components/written.ts'
import {
  type Level,
  lengthMs,
  MEASURE_NAMES,
  MEASURES,
  type Measure,
  UNIT_NAMES,
  type Unit,
  USUAL
} from './level-words.ts'

const NAME_CHARACTERS_MAX = 64
const PERCENT = 100
const PERCENT_DIGITS = 6

interface LevelFormProps {
  /** The one that is changed. */
  readonly level?: Level
  readonly onDone: () => void
}

/** In the largest unit of which it is a whole number. */
function inUnits(ms: number): { readonly amount: number; readonly unit: Unit } {
  const unit = UNIT_NAMES.findLast(each => ms % (lengthMs(1, each) ?? 1) === 0) ?? 'ms'
  return { amount: ms / (lengthMs(1, unit) ?? 1), unit }
}

interface Draft {
  readonly name: string
  readonly measure: Measure
  readonly percent: number | string
  readonly amount: number | string
  readonly unit: Unit
  readonly days: string
  readonly dataset: string
  readonly site: string
}

function draftOf(level: Level | undefined): Draft {
  if (level === undefined)
    return { name: '', measure: 'distribute', ...USUAL.distribute, days: '30', dataset: '', site: '' }
  const { name, measure, targetShare, limitMs, windowMs, dataset, site } = level
  return {
    ...{ name, measure, percent: Number((targetShare * PERCENT).toFixed(PERCENT_DIGITS)) },
    ...(limitMs === null ? { amount: 0, unit: 's' as const } : inUnits(limitMs)),
    ...{ days: String(windowMs / DAY_MS), dataset: dataset ?? '', site: site ?? '' }
  }
}

export function LevelForm({ level, onDone }: LevelFormProps): ReactNode {
  const setLevel = useAction('setLevel')
  const [draft, setDraft] = useState(() => draftOf(level))
  const change = (part: Partial<Draft>): void => setDraft(before => ({ ...before, ...part }))
  const { name, measure, percent, amount, unit, days, dataset, site } = draft
  const limitMs = measure === 'availability' ? null : lengthMs(amount, unit)
  return (
    <ActingForm
      verb="Set it"
      isReady={name.trim() !== '' && typeof percent === 'number' && limitMs !== undefined}
      onDone={onDone}
      act={async () => [
        await setLevel.mutateAsync({
          ...{ name: name.trim(), measure, limitMs: limitMs ?? null, windowMs: Number(days) * DAY_MS },
          targetShare: Number(percent) / PERCENT,
          dataset: writtenOrNull(dataset),
          site: writtenOrNull(site)
        })
      ]}
    >
      <TextInput
        label="Name"
        required
        disabled={level !== undefined}
        autoComplete="off"
        maxLength={NAME_CHARACTERS_MAX}
        value={name}
        onChange={event => change({ name: event.currentTarget.value })}
      />
      <GoalFields draft={draft} onChange={change} />
      <ScopeFields draft={draft} onChange={change} />
      <Text size="sm" c="dimmed">
        It is signed into the ledger by an admin. Devices count what they observed before, too.
      </Text>
    </ActingForm>
  )
}

interface FieldsProps {
  readonly draft: Draft
  readonly onChange: (part: Partial<Draft>) => void
}

function GoalFields({ draft, onChange }: FieldsProps): ReactNode {
  const { measure, percent, amount, unit } = draft
  const choose = (chosen: Measure): void =>
    onChange({ measure: chosen, ...USUAL[chosen], ...(chosen === 'revocation' ? { dataset: '' } : {}) })
  return (
    <>
      <Select
        label="Measure"
        data={MEASURE_NAMES.map(value => ({ value, label: `${MEASURES[value][0]}: ${MEASURES[value][1]}` }))}
        value={measure}
        allowDeselect={false}
        onChange={value => value !== null && choose(value as Measure)}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput
          label="Share that has to be good"
          description="A p95 is 95 %, the last is 100 %."
          suffix=" %"
          min={0.001}
          max={100}
          decimalScale={3}
          value={percent}
          onChange={value => onChange({ percent: value })}
        />
        {measure !== 'availability' && (
          <Group align="flex-end" gap="xs" wrap="nowrap">
            <NumberInput
              label="Within"
              description="What takes no longer is good."
              min={0.001}
              value={amount}
              onChange={value => onChange({ amount: value })}
            />
            <Select
              aria-label="Unit"
              w={90}
              data={[...UNIT_NAMES]}
              value={unit}
              allowDeselect={false}
              onChange={value => value !== null && onChange({ unit: value as Unit })}
            />
          </Group>
        )}
      </SimpleGrid>
    </>
  )
}

function ScopeFields({ draft: { measure, days, dataset, site }, onChange }: FieldsProps): ReactNode {
  return (
    <>
      <Select
        label="In the last"
        data={windowChoices(days)}
        value={days}
        allowDeselect={false}
        onChange={value => value !== null && onChange({ days: value })}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput
          label="Of the dataset"
          description="Or the beginning of names up to a slash; empty for all."
          disabled={measure === 'revocation'}
          autoComplete="off"
          value={dataset}
          onChange={event => onChange({ dataset: event.currentTarget.value })}
        />
        <SiteField
          label="At the site"
          description="Empty for all."
          value={site}
          onChange={value => onChange({ site: value })}
        />
      </SimpleGrid>
    </>
  )
}

/** Of a level that was set elsewhere a window may be of any length. */
function windowChoices(days: string): readonly { readonly value: string; readonly label: string }[] {
  return DAY_CHOICES.some(({ value }) => value === days)
    ? DAY_CHOICES
    : [...DAY_CHOICES, { value: days, label: `${Number(days)} days` }]
}

export function SiteField(props: {
  readonly label: string
  readonly description: string
  readonly value: string
  readonly onChange: (value: string) => void
}): ReactNode {
  const { label, description, value, onChange } = props
  const { may } = useSession()
  const devices = useAnswer('devices', {}, { isOff: !may('devices') })
  const sites = new Set((devices.data?.devices ?? []).flatMap(({ site }) => site ?? []))
  return (
    <Select
      label={label}
      description={description}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'No site' }}
      data={[...sites].toSorted()}
      value={value === '' ? null : value}
      onChange={chosen => onChange(chosen ?? '')}
    />
  )
}
