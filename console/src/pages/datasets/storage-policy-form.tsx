/** Says how a dataset is stored, after what that would do. */

import {
  Card,
  Group,
  MultiSelect,
  NumberInput,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { type ReactNode, useState } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import { ActingForm } from '../../components/acting-form.tsx'
import { Answered } from '../../components/answered.tsx'
import { State } from '../../components/dot.tsx'
import { Facts } from '../../components/panel.tsx'
import { counted, deviceText, formatBytes } from '../../components/words.ts'
import {
  isWeaker,
  type PolicyFields,
  type Preview,
  policyFields,
  policyText,
  unmetText
} from './storage-policy.ts'

/** The node computes it anew for every look, so not for every key. */
const SETTLE_MS = 300
const COPIES_MAX = 16
const SHARES_MAX = 30
const KINDS = ['server', 'desktop', 'laptop']
const DEVICES_SHOWN = 8

export function StoragePolicyForm(props: {
  readonly name: string
  /** Of the version that is looked at; null where nobody asks for copies. */
  readonly policy: string | null
  readonly onDone: () => void
}): ReactNode {
  const { name, policy, onDone } = props
  const [fields, setFields] = useState(() => policyFields(policy))
  const storage = useAnswer('storage', {})
  const setPolicy = useAction('setStoragePolicy')
  const written = policyText(fields)
  const [asked] = useDebouncedValue(written, SETTLE_MS)
  const preview = useAnswer('previewStoragePolicy', { name, policy: asked })
  const isShown = written === asked && !preview.isPlaceholderData && preview.error === null
  const shown = isShown ? preview.data : undefined
  const isDangerous = shown !== undefined && isWeaker(shown)
  const regions = (storage.data?.sites ?? []).flatMap(({ region }) => region ?? [])
  return (
    <ActingForm
      verb="Set it"
      isDangerous={isDangerous}
      isReady={shown !== undefined}
      name={isDangerous ? name : undefined}
      act={async () => [await setPolicy.mutateAsync({ name, policy: written })]}
      onDone={onDone}
    >
      <Text size="sm">
        It is of all versions of {name}, those that come too. Its class asks for copies as well; the larger
        number counts.
      </Text>
      <Fields
        fields={fields}
        regions={[...new Set([...regions, ...fields.regions])]}
        onChange={changes => setFields({ ...fields, ...changes })}
      />
      <Card withBorder padding="sm" component="section" aria-label="What it would do">
        <Answered of={preview}>{known => <WhatItDoes preview={known} />}</Answered>
      </Card>
      {isDangerous && (
        <Text size="sm" component="div">
          <State tone="bad">It would survive less than now. What is too much is deleted.</State>
        </Text>
      )}
    </ActingForm>
  )
}

function Fields(props: {
  readonly fields: PolicyFields
  readonly regions: readonly string[]
  readonly onChange: (changes: Partial<PolicyFields>) => void
}): ReactNode {
  const { fields, regions, onChange } = props
  const { kind, copies, dataShares, parityShares, sites } = fields
  const number = (label: string, field: keyof PolicyFields, value: number, max: number): ReactNode => (
    <NumberInput
      label={label}
      min={field === 'dataShares' ? 2 : 1}
      max={max}
      allowDecimal={false}
      clampBehavior="strict"
      value={value}
      onChange={next => typeof next === 'number' && onChange({ [field]: next })}
    />
  )
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="Kept as"
        data={[
          { value: 'copies', label: 'Whole copies' },
          { value: 'shares', label: 'Erasure shares' }
        ]}
        value={kind}
        onChange={value => onChange({ kind: value as PolicyFields['kind'] })}
      />
      <SimpleGrid cols={{ base: 1, xs: kind === 'copies' ? 2 : 3 }}>
        {kind === 'copies' ? (
          number('Copies', 'copies', copies, COPIES_MAX)
        ) : (
          <>
            {number('Shares that give it back', 'dataShares', dataShares, SHARES_MAX)}
            {number('Shares that may be lost', 'parityShares', parityShares, SHARES_MAX)}
          </>
        )}
        {number('Over sites, at the least', 'sites', sites, COPIES_MAX)}
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <MultiSelect
          label="Only in the regions"
          placeholder={fields.regions.length === 0 ? 'anywhere' : ''}
          nothingFoundMessage="No site has a region: peerage storage region"
          data={regions}
          value={[...fields.regions]}
          onChange={value => onChange({ regions: value.toSorted() })}
        />
        <MultiSelect
          label="Only on"
          placeholder={fields.kinds.length === 0 ? 'every kind of device' : ''}
          data={KINDS}
          value={[...fields.kinds]}
          onChange={value => onChange({ kinds: KINDS.filter(each => value.includes(each)) })}
        />
      </SimpleGrid>
    </Stack>
  )
}

function WhatItDoes({ preview }: { readonly preview: Preview }): ReactNode {
  const { versions, before, after, devices, comingBytes, unmet } = preview
  const isWhole = after.survives !== null && unmet.length === 0
  const written = ({ policy, safeVersions, says }: Preview['before']): string =>
    policy === null ? says : `${safeVersions} of ${counted(versions, 'version')} safe; ${says}`
  if (versions === 0) return <Text size="sm">It has no version that could be stored.</Text>
  return (
    <Stack gap="xs">
      <Facts
        facts={[
          ['Now', written(before)],
          [
            'Once it is done',
            <Later key="after" preview={preview} isWhole={isWhole} says={written(after)} />
          ],
          ['Keep it', <Devices key="stays" devices={devices} change="stays" />],
          [
            'Fetch it',
            <Group key="comes" gap={4}>
              <Devices devices={devices} change="comes" />
              {comingBytes > 0 && <span>({formatBytes(comingBytes)} in all)</span>}
            </Group>
          ],
          ['Let it go', <Devices key="goes" devices={devices} change="goes" />]
        ]}
      />
      {unmet.map(each => (
        <Text key={each.part} size="sm" component="div">
          <State tone="warn">{unmetText(each)}</State>
        </Text>
      ))}
    </Stack>
  )
}

function Later(props: {
  readonly preview: Preview
  readonly isWhole: boolean
  readonly says: string
}): ReactNode {
  const { preview, isWhole, says } = props
  return (
    <>
      <State tone={isWhole ? 'good' : 'warn'}>{says}</State>
      {preview.after.policy !== null && preview.after.policy !== preview.policy && (
        <Text size="sm" c="dimmed">
          By its class: {preview.after.policy}
        </Text>
      )}
    </>
  )
}

function Devices({
  devices,
  change
}: {
  readonly devices: Preview['devices']
  readonly change: 'stays' | 'comes' | 'goes'
}): ReactNode {
  const some = devices.filter(device => device[change] > 0)
  if (some.length === 0) return <span>nobody</span>
  const named = some.slice(0, DEVICES_SHOWN).map(device => {
    const where = device.site === null ? '' : ` (${device.site})`
    return `${deviceText(device)}${where}`
  })
  return (
    <span>
      {[...named, ...(some.length > named.length ? [`${some.length - named.length} more`] : [])].join(', ')}
    </span>
  )
}
