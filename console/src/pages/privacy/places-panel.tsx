/** In which country sites, regions and devices are, and by which basis data may go there. */

import { Select, SimpleGrid, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { ActingForm } from '../../components/acting-form.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { Panel } from '../../components/panel.tsx'
import { dateText } from '../../components/words.ts'
import { writtenOrNull } from '../../components/written.ts'
import { BASES } from './register-words.ts'

type Place = Answer<'privacyNotes'>['places'][number]
type Basis = keyof typeof BASES

const TABLE_PIXELS = 360
const NOTE_CHARACTERS_MAX = 500
const COUNTRY = /^[A-Z]{2}$/
const CHOICES = Object.entries(BASES).map(([value, label]) => ({ value, label }))

export function PlacesPanel(): ReactNode {
  const notes = useAnswer('privacyNotes', {})
  const { may } = useSession()
  return (
    <Panel
      title="Where places are"
      note="As people noted; the nearest note of a device counts"
      aside={
        may('setPlace') ? (
          <FormDialogue verb="Note a place" size="xs">
            {close => <Form onDone={close} />}
          </FormDialogue>
        ) : undefined
      }
    >
      <Answered of={notes}>
        {({ places }) => (
          <DataTable
            label="Places"
            rows={places}
            columns={COLUMNS}
            keyOf={({ place }) => place}
            empty="No place is noted: of none is it known whether data goes out of the territory there."
            heightPixels={TABLE_PIXELS}
          />
        )}
      </Answered>
    </Panel>
  )
}

const COLUMNS: readonly Column<Place>[] = [
  { title: 'Place', width: 'minmax(110px, 1fr)', value: ({ place }) => place, order: ({ place }) => place },
  {
    ...{ title: 'Country', width: '90px' },
    value: ({ country }) => country ?? 'not noted',
    order: ({ country }) => country ?? ''
  },
  {
    ...{ title: 'Basis', width: 'minmax(120px, 1.6fr)', from: 'sm' },
    value: ({ basis }) => (basis === null ? 'none' : BASES[basis])
  },
  {
    ...{ title: 'Written down in', width: 'minmax(124px, 1.2fr)', from: 'md' },
    value: ({ reference }) => <span title={reference ?? ''}>{reference ?? ''}</span>
  },
  {
    ...{ title: 'Noted', width: '170px', from: 'lg' },
    value: ({ sinceAtMs }) => dateText(sinceAtMs),
    order: ({ sinceAtMs }) => sinceAtMs
  }
]

function Form({ onDone }: { readonly onDone: () => void }): ReactNode {
  const note = useAction('setPlace')
  const [place, setPlace] = useState('')
  const [country, setCountry] = useState('')
  const [basis, setBasis] = useState<Basis | null>(null)
  const [reference, setReference] = useState('')
  const isReady = place.trim() !== '' && (country === '' || COUNTRY.test(country))
  return (
    <ActingForm
      verb="Note it"
      isReady={isReady}
      onDone={onDone}
      act={async () => {
        await note.mutateAsync({
          ...{ place: place.trim(), country: country === '' ? null : country, basis },
          reference: writtenOrNull(reference)
        })
        return undefined
      }}
    >
      <Text size="sm">It replaces what was noted of the place; with nothing said, the note goes.</Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput
          label="Place"
          description="site:, region: or device: and its name."
          placeholder="site:paris"
          required
          autoComplete="off"
          value={place}
          onChange={event => setPlace(event.currentTarget.value)}
        />
        <TextInput
          label="Country"
          description="Two letters, such as FR."
          autoComplete="off"
          maxLength={2}
          value={country}
          onChange={event => setCountry(event.currentTarget.value.toUpperCase())}
        />
      </SimpleGrid>
      <Select
        label="Basis"
        description="By which data may go there, if that is outside the territory."
        clearable
        clearButtonProps={{ 'aria-label': 'No basis' }}
        data={CHOICES}
        value={basis}
        onChange={value => setBasis(value as Basis | null)}
      />
      <TextInput
        label="Written down in"
        maxLength={NOTE_CHARACTERS_MAX}
        value={reference}
        onChange={event => setReference(event.currentTarget.value)}
      />
    </ActingForm>
  )
}
