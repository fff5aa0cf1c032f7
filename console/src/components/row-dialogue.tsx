/** What is done to a row of a table: a button in each, and the dialogue of the one that was chosen. */

import { Button } from '@mantine/core'
import { useMemo } from 'react'
import { useChosen } from './chosen.ts'
import type { Column } from './data-table.tsx'

export interface RowAction<Row> extends Pick<Column<Row>, 'title' | 'width'> {
  /** What the button says, such as `Revoke`. */
  readonly verb: string
  /** What it is called where no row is seen beside it. */
  readonly label: (row: Row) => string
  readonly isDangerous?: boolean
}

export function actionColumn<Row>(action: RowAction<Row>, onChoose: (row: Row) => void): Column<Row> {
  const { title, width, verb, label, isDangerous = false } = action
  return {
    ...{ title, width, align: 'right' },
    value: row => (
      <Button
        size="compact-sm"
        variant={isDangerous ? 'outline' : 'default'}
        {...(isDangerous ? { color: 'red' } : {})}
        aria-label={label(row)}
        onClick={() => onChoose(row)}
      >
        {verb}
      </Button>
    )
  }
}

/** Null for who may not. */
export function useRowDialogue<Row>(columns: readonly Column<Row>[], action: RowAction<Row> | null) {
  const { chosen, choose, isOpen, close } = useChosen<Row>()
  const shown = useMemo(
    () => (action === null ? columns : [...columns, actionColumn(action, choose)]),
    [columns, action, choose]
  )
  return { columns: shown, chosen, isOpen, close }
}
