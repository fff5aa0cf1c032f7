/** A mark of state beside words that say the same. */

import type { ReactNode } from 'react'
import classes from './dot.module.css'

export type Tone = 'good' | 'warn' | 'bad' | 'quiet'

export function Dot({ tone }: { readonly tone: Tone }): ReactNode {
  return <span aria-hidden="true" className={classes.dot} data-tone={tone} />
}

export function State({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactNode {
  return (
    <span className={classes.state}>
      <Dot tone={tone} />
      <span>{children}</span>
    </span>
  )
}
