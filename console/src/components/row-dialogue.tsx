/** What is done to a row of a table: a button in each, and the dialogue of the one that was chosen. */

import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMemo, useState } from 'react'
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

/** Null for who may not. A row that is gone stays chosen, so that what came of it is shown to its end. */
export function useRowDialogue<Row>(columns: readonly Column<Row>[], action: RowAction<Row> | null) {
  const [chosen, setChosen] = useState<Row | null>(null)
  const [isOpen, { open, close }] = useDisclosure()
  const shown = useMemo(() => {
    if (action === null) return columns
    const choose = (row: Row): void => {
      setChosen(() => row)
      open()
    }
    return [...columns, actionColumn(action, choose)]
  }, [columns, action, open])
  return { columns: shown, chosen, isOpen, close }
}
