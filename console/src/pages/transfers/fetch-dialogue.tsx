/** Fetches a dataset into a folder of the node's machine, once or each newest version from now on. */

import {
  Button,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput
} from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useNavigate } from 'react-router'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import { useNowMs } from '../../components/ago.tsx'
import { Failure } from '../../components/failure.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { dateText } from '../../components/words.ts'
import { EMPTY_ORDER, type FetchOrder, followOf, lackOf, transferOf } from './fetch-order.ts'

const KEEP_MIN = 2
const KEEP_MAX = 100
const PURPOSE_CHARACTERS_MAX = 64
const NEWEST = 'newest'

export function Fetch(): ReactNode {
  return (
    <FormDialogue verb="Fetch a dataset" title="Fetch a dataset to the node's machine" isFirst>
      {close => <Form onLeave={close} />}
    </FormDialogue>
  )
}

interface PartProps {
  readonly order: FetchOrder
  readonly onChange: (part: Partial<FetchOrder>) => void
}

function Form({ onLeave }: { readonly onLeave: () => void }): ReactNode {
  const [order, setOrder] = useState(EMPTY_ORDER)
  const [isTried, setTried] = useState(false)
  const nowMs = useNowMs()
  const goTo = useNavigate()
  const start = useAction('startTransfer')
  const follow = useAction('follow')
  const lack = lackOf(order, nowMs)
  const failure = order.how === 'once' ? start.error : follow.error
  const onChange = (part: Partial<FetchOrder>): void => setOrder(before => ({ ...before, ...part }))
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setTried(true)
    if (lack !== null) return
    try {
      if (order.how === 'follow') await follow.mutateAsync(followOf(order))
      else goTo(`/console/transfers/${(await start.mutateAsync(transferOf(order))).id}`)
    } catch {
      return // It is shown below.
    }
    onLeave()
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <SegmentedControl
          aria-label="How"
          data={[
            { value: 'once', label: 'Fetch one version' },
            { value: 'follow', label: 'Keep at the newest' }
          ]}
          value={order.how}
          onChange={how => onChange({ how: how as FetchOrder['how'] })}
        />
        <What order={order} onChange={onChange} />
        {order.how === 'once' ? (
          <Once order={order} onChange={onChange} />
        ) : (
          <NumberInput
            label="Versions kept on disk"
            description="The one in use, and those to go back to. A command to run after each switch is set by peerage follow --hook."
            min={KEEP_MIN}
            max={KEEP_MAX}
            allowDecimal={false}
            value={order.keep}
            onChange={keep => onChange({ keep: typeof keep === 'number' ? keep : KEEP_MIN })}
          />
        )}
        <TextInput
          label="Purpose"
          description="Such as a ticket; signed into the receipt and kept in the audit logs of both sides. Name no person."
          autoComplete="off"
          maxLength={PURPOSE_CHARACTERS_MAX}
          value={order.purpose}
          onChange={event => onChange({ purpose: event.currentTarget.value })}
        />
        {failure !== null && <Failure error={failure} />}
        <Group justify="space-between">
          <Text size="sm" role="status">
            {isTried && lack !== null ? lack : ''}
          </Text>
          <Group>
            <Button variant="default" onClick={onLeave}>
              Leave it
            </Button>
            <Button type="submit" loading={start.isPending || follow.isPending}>
              {order.how === 'once' ? 'Fetch' : 'Follow'}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  )
}

function What({ order, onChange }: PartProps): ReactNode {
  const activity = useActivity()
  const datasets = useAnswer('datasets', {})
  const dataset = useAnswer('dataset', { name: order.name ?? '' }, { isOff: order.name === null })
  const versions = order.name === null ? [] : (dataset.data?.versions ?? [])
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Select
          label="Dataset"
          placeholder="choose one"
          searchable
          required
          data={(datasets.data?.datasets ?? []).map(({ name }) => name)}
          value={order.name}
          onChange={name => onChange({ name, version: null })}
        />
        <Select
          label="Version"
          disabled={order.how === 'follow'}
          allowDeselect={false}
          data={[
            { value: NEWEST, label: order.how === 'follow' ? 'each newest one' : 'the newest' },
            ...versions
              .filter(({ retired }) => !retired)
              .map(({ ordinal, publishedAtMs }) => ({
                value: String(ordinal),
                label: `@${ordinal}, ${dateText(publishedAtMs)}`
              }))
          ]}
          value={order.how === 'follow' ? NEWEST : (order.version ?? NEWEST)}
          onChange={version => onChange({ version: version === NEWEST ? null : version })}
        />
      </SimpleGrid>
      {datasets.error !== null && <Failure error={datasets.error} />}
      <TextInput
        label={order.how === 'follow' ? 'Destination' : 'Folder'}
        description={
          `A whole path on the machine of ${activity?.device.name ?? 'this node'}, not of this browser. ` +
          'The node writes there as the user that it runs as.'
        }
        placeholder="/srv/images/os"
        required
        autoComplete="off"
        spellCheck={false}
        value={order.destination}
        onChange={event => onChange({ destination: event.currentTarget.value })}
      />
    </>
  )
}

function Once({ order, onChange }: PartProps): ReactNode {
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Select
          label="Priority"
          description="Among the transfers of this node."
          data={['low', 'normal', 'high']}
          allowDeselect={false}
          value={order.priority}
          onChange={value => value !== null && onChange({ priority: value as FetchOrder['priority'] })}
        />
        <TextInput
          type="datetime-local"
          label="Deadline"
          description="By the clock of this browser; may be empty."
          value={order.deadline}
          onChange={event => onChange({ deadline: event.currentTarget.value })}
        />
      </SimpleGrid>
      <Textarea
        label="Only these files"
        description="Globs, one a line, such as **/*.deb or !docs/; empty for all."
        autosize
        minRows={1}
        maxRows={6}
        spellCheck={false}
        value={order.only}
        onChange={event => onChange({ only: event.currentTarget.value })}
      />
    </>
  )
}
