/** The files of a transfer, and how much of each is here. */

import { Progress, Text } from '@mantine/core'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Panel } from '../../components/panel.tsx'
import { isMeant, SearchField } from '../../components/search-field.tsx'
import { counted, formatBytes, percentText } from '../../components/words.ts'
import { isSettled, type Transfer } from './transfer-words.ts'

type Files = Answer<'transferFiles'>
type File = Files['files'][number]

const EVERY_MS = 3_000
/** Of more the beginning is shown. */
const FILES_MAX = 5_000
const TABLE_PIXELS = 420

export function FilesPanel({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const [written, setWritten] = useState('')
  const hasEnded = isSettled(transfer)
  const files = useAnswer(
    'transferFiles',
    { id: transfer.id, limit: FILES_MAX },
    hasEnded ? {} : { everyMs: EVERY_MS }
  )
  const { refetch } = files
  // What was asked before it ended says less than there is.
  useEffect(() => {
    if (hasEnded) void refetch()
  }, [hasEnded, refetch])
  return (
    <Panel
      title="Files"
      note={files.data === undefined ? undefined : noteOf(files.data)}
      aside={<SearchField label="Find a file" value={written} onChange={setWritten} />}
    >
      <Answered of={files}>
        {known =>
          known.known ? (
            <Known files={known.files} written={written} />
          ) : (
            <Text size="sm">
              What is in the version is not known here yet: no device that has it has told this node.
            </Text>
          )
        }
      </Answered>
    </Panel>
  )
}

function noteOf({ known, sealed, total, whole, files }: Files): string | undefined {
  if (!known) return undefined
  const shown = files.length < total ? `; the first ${files.length.toLocaleString('en')} are shown` : ''
  const what = sealed ? '; the version is sealed, so these are objects whose names say nothing' : ''
  return `${whole.toLocaleString('en')} of ${counted(total, 'file')} here in full${shown}${what}`
}

function Known(props: { readonly files: readonly File[]; readonly written: string }): ReactNode {
  const { files, written } = props
  const shown = useMemo(() => files.filter(({ path }) => isMeant(written, [path])), [files, written])
  return (
    <DataTable
      label="Files"
      rows={shown}
      columns={COLUMNS}
      keyOf={({ path }) => path}
      empty="No file is meant by that."
      heightPixels={TABLE_PIXELS}
    />
  )
}

function shareOf({ haveBytes, bytes }: File): number {
  return bytes === 0 ? 1 : haveBytes / bytes
}

const COLUMNS: readonly Column<File>[] = [
  {
    ...{ title: 'File', width: 'minmax(100px, 3fr)' },
    value: ({ path }) => <span title={path}>{path}</span>,
    order: ({ path }) => path
  },
  {
    ...{ title: 'Size', width: '84px', align: 'right' },
    value: ({ bytes }) => formatBytes(bytes),
    order: ({ bytes }) => bytes
  },
  {
    ...{ title: 'Progress', width: 'minmax(80px, 1fr)', from: 'md' },
    value: file => (
      <Progress value={100 * shareOf(file)} color={file.chosen ? 'teal.7' : 'gray.5'} aria-hidden="true" />
    )
  },
  {
    ...{ title: 'Here', width: '84px', align: 'right' },
    value: file =>
      file.chosen || file.haveBytes > 0 ? percentText(file.haveBytes, file.bytes) : 'not chosen',
    order: shareOf
  }
]
