/** The register of transfers out of the territory (Art. 44 to 49), and where places are noted to be. */

import { Alert, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { transferPage, transferTable } from '../../../../src/report/transfer-page.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { Asked } from '../../components/asked.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { Panel } from '../../components/panel.tsx'
import { jsonText, SaveFiles } from '../../components/save-files.tsx'
import { counted, dateText, deviceText } from '../../components/words.ts'
import { PlacesPanel } from './places-panel.tsx'
import { NodeName, PrivacyFrame } from './privacy-frame.tsx'
import { basisMark, KINDS, placeText, type Transfer } from './register-words.ts'

type Register = Answer<'placesOutside'>
type Rule = Register['rules'][number]

const TABLE_PIXELS = 400

export function TransfersPage(): ReactNode {
  const register = useAnswer('placesOutside', {}, { isStill: true })
  return (
    <PrivacyFrame
      title="Transfers abroad"
      lead={
        <>
          What goes out of the territory, and by which basis (Art. 44 to 49), by the ledger, the audit logs
          and the notes on <NodeName />
        </>
      }
      actions={<Asked of={register} />}
    >
      <Answered of={register}>{known => <Known register={known} />}</Answered>
      <PlacesPanel />
    </PrivacyFrame>
  )
}

function Known({ register }: { readonly register: Register }): ReactNode {
  const { transfers, unplaced, rules, origins, missing, territory, toFillIn, limits } = register
  const baseless = transfers.filter(({ place }) => place.basis === null).length
  const without = baseless === 0 ? '' : `, ${baseless} without a basis that is noted`
  return (
    <>
      <Panel
        title="Out of the territory"
        note={`The territory is ${territory}; ${counted(transfers.length, 'transfer')}${without}`}
        aside={<Save register={register} />}
      >
        <Transfers
          label="Transfers"
          rows={transfers}
          empty="Nothing goes out of the territory by what is known here."
        />
      </Panel>
      <Panel
        title="Where no country is noted"
        note="Neither called a transfer nor left out: note where these places are"
      >
        <Transfers label="Places without a country" rows={unplaced} empty="Each place has a country." />
      </Panel>
      <Panel title="What policy forbids" note="Where copies may be, and which devices outside may read">
        <DataTable
          label="Rules of datasets"
          rows={rules}
          columns={RULES}
          keyOf={({ name }) => name}
          empty="No dataset is published."
          heightPixels={TABLE_PIXELS}
        />
      </Panel>
      <Panel title="What is not known">
        <Stack gap="sm">
          {missing.length > 0 && (
            <Alert
              variant="outline"
              color="yellow"
              title={`${counted(missing.length, 'audit log')} could not be had`}
            >
              <Text size="sm">
                {missing.map(({ device, reason }) => `${deviceText(device)}: ${reason}`).join('; ')}
              </Text>
            </Alert>
          )}
          <List size="sm" spacing={4}>
            {[
              ...toFillIn.map(each => `To be filled in: ${each}`),
              ...origins.map(({ name, host }) => `${name} can be had from ${host}, outside the organisation`),
              ...limits
            ].map(line => (
              <List.Item key={line}>{line}</List.Item>
            ))}
          </List>
        </Stack>
      </Panel>
    </>
  )
}

function Save({ register }: { readonly register: Register }): ReactNode {
  return (
    <SaveFiles
      files={[
        { label: 'Page to print', name: 'transfers.html', content: () => transferPage(register) },
        { label: 'CSV', name: 'transfers.csv', content: () => transferTable(register) },
        {
          ...{ label: 'JSON', name: 'transfers.json' },
          content: () => jsonText({ format: 'peerage-transfers', v: 1, ...register })
        }
      ]}
    />
  )
}

function Transfers(props: {
  readonly label: string
  readonly rows: readonly Transfer[]
  readonly empty: string
}): ReactNode {
  const { label, rows, empty } = props
  return (
    <DataTable
      label={label}
      rows={rows}
      columns={COLUMNS}
      keyOf={({ name, version, kind, place }) => `${name} ${version} ${kind} ${placeText(place)}`}
      empty={empty}
      heightPixels={TABLE_PIXELS}
    />
  )
}

function devicesText({ devices, count }: Transfer): string {
  const more = count - devices.length
  return `${devices.map(deviceText).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const COLUMNS: readonly Column<Transfer>[] = [
  {
    ...{ title: 'Version', width: 'minmax(100px, 1fr)' },
    value: ({ name, ordinal }) => `${name}@${ordinal}`,
    order: ({ name }) => name
  },
  {
    ...{ title: 'What', width: 'minmax(110px, 1fr)' },
    value: ({ kind }) => KINDS[kind],
    order: ({ kind }) => kind
  },
  {
    ...{ title: 'Where', width: 'minmax(110px, 1.5fr)', from: 'sm' },
    value: ({ place }) => <span title={placeText(place)}>{placeText(place)}</span>,
    order: ({ place }) => placeText(place)
  },
  {
    ...{ title: 'Devices', width: 'minmax(90px, 1fr)', from: 'lg' },
    value: transfer => <span title={devicesText(transfer)}>{devicesText(transfer)}</span>
  },
  {
    ...{ title: 'Since', width: '170px', from: 'lg' },
    value: ({ sinceAtMs }) => dateText(sinceAtMs),
    order: ({ sinceAtMs }) => sinceAtMs
  },
  {
    ...{ title: 'Basis', width: 'minmax(140px, 1.4fr)', from: 'md' },
    value: ({ place }) => <Basis place={place} />,
    order: ({ place }) => place.basis ?? ''
  }
]

/** Where the country is not known, none is needed as yet. */
function Basis({ place }: Pick<Transfer, 'place'>): ReactNode {
  if (place.inside === null) return 'not known yet'
  const [tone, words] = basisMark(place)
  return (
    <span title={words}>
      <State tone={tone}>{words}</State>
    </span>
  )
}

const RULES: readonly Column<Rule>[] = [
  { title: 'Dataset', width: 'minmax(100px, 1fr)', value: ({ name }) => name, order: ({ name }) => name },
  {
    ...{ title: 'Copies', width: 'minmax(100px, 1fr)' },
    value: ({ regions }) => (regions.length === 0 ? 'anywhere' : `only in ${regions.join(', ')}`)
  },
  {
    ...{ title: 'Also elsewhere', width: 'minmax(120px, 1fr)', from: 'md' },
    value: ({ strays }) => strays.map(deviceText).join(', ') || 'none'
  },
  {
    ...{ title: 'Read', width: 'minmax(100px, 0.9fr)', from: 'sm' },
    value: ({ access }) => (access === 'granted' ? 'by grant alone' : 'as its class says')
  },
  {
    ...{ title: 'Devices outside', width: 'minmax(130px, 1fr)', from: 'lg' },
    value: ({ outsideMay, outsideMayNot }) => `${outsideMay} may, ${outsideMayNot} may not`
  }
]
