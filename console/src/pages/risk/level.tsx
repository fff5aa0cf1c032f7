/** A score with its level, in words and in a colour. */

import type { ReactNode } from 'react'
import type { Level as LevelName } from '../../../../src/base/risk-level.ts'
import classes from './risk.module.css'

export function Level({ score, level }: { readonly score: number; readonly level: LevelName }): ReactNode {
  return (
    <span className={classes.level} data-level={level}>
      {score} {level}
    </span>
  )
}
