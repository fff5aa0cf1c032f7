/** Files that the browser keeps: made of what is shown, here, so nothing is asked or sent anew. */

import { Button, Group } from '@mantine/core'
import type { ReactNode } from 'react'
import { DownIcon } from '../shell/icons.tsx'

export interface SavedFile {
  /** What the button says, such as `Page to print`. */
  readonly label: string
  readonly name: string
  readonly content: () => string
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  csv: 'text/csv',
  json: 'application/json'
}

export function SaveFiles({ files }: { readonly files: readonly SavedFile[] }): ReactNode {
  return (
    <Group gap="xs">
      {files.map(file => (
        <Button
          key={file.label}
          variant="default"
          size="xs"
          leftSection={<DownIcon size={14} />}
          aria-label={`${file.label}: save ${file.name}`}
          onClick={() => save(file)}
        >
          {file.label}
        </Button>
      ))}
    </Group>
  )
}

function save({ name, content }: SavedFile): void {
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain'
  const address = URL.createObjectURL(new Blob([content()], { type: `${type};charset=utf-8` }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  URL.revokeObjectURL(address)
}

/** As the commands write it. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
