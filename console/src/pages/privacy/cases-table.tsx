/** Erasures and recalls by case. */

import type { ReactNode } from 'react'
import { useNowMs } from '../../components/ago.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { dateText, deviceText } from '../../components/words.ts'
import { type CaseSummary, caseMark, caseText, confirmedOf } from './case-words.ts'
import { ERASURES } from './privacy-frame.tsx'

const TABLE_PIXELS = 460

export function CasesTable(props: {
  readonly cases: readonly CaseSummary[]
  readonly empty: string
}): ReactNode {
  const { cases, empty } = props
  return (
    <DataTable
      label="Erasures"
      rows={cases}
      columns={COLUMNS}
      keyOf={each => each.case}
      linkOf={each => `${ERASURES}/${each.case}`}
      empty={empty}
      heightPixels={TABLE_PIXELS}
    />
  )
}

function Standing({ of }: { readonly of: CaseSummary }): ReactNode {
  const [tone, words] = caseMark(of, useNowMs())
  return <State tone={tone}>{words}</State>
}

const COLUMNS: readonly Column<CaseSummary>[] = [
  {
    ...{ title: 'What', width: 'minmax(110px, 1.6fr)' },
    value: ({ names, kind }) => (
      <span title={names.join(', ')}>
        {names.join(', ')}
        {kind === 'recall' ? ' (recalled)' : ''}
      </span>
    ),
    order: ({ names }) => names.join(', ')
  },
  { title: 'State', width: 'minmax(150px, 1fr)', value: each => <Standing of={each} /> },
  {
    ...{ title: 'Confirmed', width: '90px', align: 'right', from: 'sm' },
    value: each => `${confirmedOf(each)} of ${each.devices}`,
    order: each => (each.devices === 0 ? 1 : confirmedOf(each) / each.devices)
  },
  {
    ...{ title: 'Basis', width: 'minmax(70px, 0.7fr)', from: 'md' },
    value: ({ basis }) => basis,
    order: ({ basis }) => basis
  },
  {
    ...{ title: 'By', width: 'minmax(70px, 0.8fr)', from: 'lg' },
    value: ({ by }) => deviceText(by),
    order: ({ by }) => deviceText(by)
  },
  {
    ...{ title: 'Since', width: '170px', from: 'lg' },
    value: ({ atMs }) => dateText(atMs),
    order: ({ atMs }) => -atMs
  },
  { title: 'Case', width: '110px', from: 'lg', value: each => caseText(each.case) }
]
