/** When something was, as short as it is still exact: in a list of many moments of one day, the day says nothing. */

import type { ReactNode } from 'react'
import { momentText } from './words.ts'

export function Moment({ atMs }: { readonly atMs: number }): ReactNode {
  return (
    <time dateTime={new Date(atMs).toISOString()} title={new Date(atMs).toLocaleString()}>
      {momentText(atMs, Date.now())}
    </time>
  )
}
