/** The way to the page of a dataset. */

import { Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'

export function datasetPath(name: string): string {
  return `/console/datasets/${encodeURIComponent(name)}`
}

export function DatasetLink(props: { readonly name: string; readonly ordinal: number | null }): ReactNode {
  const { name, ordinal } = props
  return (
    <Anchor component={Link} to={datasetPath(name)} underline="always" size="sm">
      {ordinal === null ? name : `${name}@${ordinal}`}
    </Anchor>
  )
}
