/** What a GB into a site over the WAN costs, as policy. */

import { List, NumberInput, SimpleGrid, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { NamedDialogue } from '../../components/named-action.tsx'
import { Panel } from '../../components/panel.tsx'
import { type RowAction, useRowDialogue } from '../../components/row-dialogue.tsx'
import { dateText, deviceText } from '../../components/words.ts'
import { SiteField } from './level-form.tsx'
import { priceText } from './savings-words.ts'

type Price = Answer<'prices'>['prices'][number]

const TABLE_PIXELS = 320
const CURRENCY = /^[A-Z]{3}$/
const PRICE_MAX = 1_000_000
const EVERY_OTHER = 'every other site'

export function PricesPanel(): ReactNode {
  const prices = useAnswer('prices', {})
  const { may } = useSession()
  return (
    <Panel
      title="Prices"
      note="What a GB (1,000,000,000 bytes) into a site over the WAN costs; policy of the org"
      aside={
        may('setPrice') ? (
          <FormDialogue verb="Set a price" size="xs">
            {close => <PriceForm onDone={close} />}
          </FormDialogue>
        ) : undefined
      }
    >
      <Answered of={prices}>{({ prices: all }) => <Prices prices={all} />}</Answered>
    </Panel>
  )
}

function siteText(site: string | null): string {
  return site ?? EVERY_OTHER
}

function Prices({ prices }: { readonly prices: readonly Price[] }): ReactNode {
  const { may } = useSession()
  const { columns, chosen, isOpen, close } = useRowDialogue(COLUMNS, may('setPrice') ? END : null)
  return (
    <>
      <DataTable
        label="Prices"
        rows={prices}
        columns={columns}
        keyOf={({ operation }) => operation}
        empty="No price is set, so what is saved has no worth in money yet."
        heightPixels={TABLE_PIXELS}
      />
      {chosen !== null && <EndPrice key={chosen.operation} price={chosen} isOpen={isOpen} onClose={close} />}
    </>
  )
}

const COLUMNS: readonly Column<Price>[] = [
  {
    ...{ title: 'Site', width: 'minmax(104px, 1fr)' },
    value: ({ site }) => siteText(site),
    order: ({ site }) => site ?? ''
  },
  {
    ...{ title: 'A GB', width: '88px', align: 'right' },
    value: priceText,
    order: ({ perGb }) => perGb
  },
  { title: 'By', width: 'minmax(80px, 1fr)', from: 'md', value: ({ by }) => deviceText(by) },
  {
    ...{ title: 'Set', width: '170px', from: 'lg' },
    value: ({ setAtMs }) => dateText(setAtMs),
    order: ({ setAtMs }) => setAtMs
  }
]

const END: RowAction<Price> = {
  ...{ title: 'End it', width: '76px', verb: 'End', isDangerous: true },
  label: ({ site }) => `End the price of ${siteText(site)}`
}

function EndPrice(props: {
  readonly price: Price
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactNode {
  const { price, isOpen, onClose } = props
  const setPrice = useAction('setPrice')
  return (
    <NamedDialogue
      verb="End"
      title={`End the price of ${siteText(price.site)}`}
      name={siteText(price.site)}
      reason="none"
      isOpen={isOpen}
      onClose={onClose}
      reach={() => (
        <List size="sm" spacing={4}>
          <List.Item>
            {price.site === null
              ? 'What is avoided at sites without a price of their own has no worth any more, of time past too.'
              : 'The price of every other site, if there is one, counts for this site then, of time past too.'}
          </List.Item>
        </List>
      )}
      act={async () => [await setPrice.mutateAsync({ site: price.site, price: null })]}
    />
  )
}

function PriceForm({ onDone }: { readonly onDone: () => void }): ReactNode {
  const setPrice = useAction('setPrice')
  const [site, setSite] = useState('')
  const [amount, setAmount] = useState<number | string>('')
  const [currency, setCurrency] = useState('EUR')
  return (
    <ActingForm
      verb="Set it"
      isReady={typeof amount === 'number' && CURRENCY.test(currency)}
      onDone={onDone}
      act={async () => [
        await setPrice.mutateAsync({
          site: site === '' ? null : site,
          price: { currency, perGb: Number(amount) }
        })
      ]}
    >
      <SiteField
        label="Of the site"
        description="Empty: of every site without a price of its own."
        value={site}
        onChange={setSite}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput
          label="A GB costs"
          required
          min={0}
          max={PRICE_MAX}
          decimalScale={6}
          value={amount}
          onChange={setAmount}
        />
        <TextInput
          label="Currency"
          required
          maxLength={3}
          value={currency}
          onChange={event => setCurrency(event.currentTarget.value.toUpperCase())}
        />
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        It is signed into the ledger by an admin, and counts for time past too.
      </Text>
    </ActingForm>
  )
}
