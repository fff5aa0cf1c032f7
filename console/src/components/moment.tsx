/** When something was, as short as it is still exact: in a list of many moments of one day, the day says nothing. */

import type { ReactNode } from 'react'
import { isoTime } from '../../../src/base/words.ts'
import { momentText } from './words.ts'

export function Moment({ atMs }: { readonly atMs: number }): ReactNode {
  return (
    <time dateTime={isoTime(atMs)} title={new Date(atMs).toLocaleString()}>
      {momentText(atMs, Date.now())}
    </time>
  )
}
