/** What is left of an error budget, in words and as a bar. */

import { Box, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { budgetText, budgetTone, type Level } from './level-words.ts'
import classes from './performance.module.css'

export function BudgetBar({ level }: { readonly level: Level }): ReactNode {
  const { budgetLeft } = level
  if (budgetLeft === null) return null
  // What is used up and more is a full bar: an empty one would look like nothing to see.
  const percent = (budgetLeft < 0 ? 1 : Math.min(1, budgetLeft)) * 100
  return (
    <div>
      <Text size="xs" lh={1.3}>
        {budgetText(budgetLeft)}
      </Text>
      <Box className={classes.bar} aria-hidden="true">
        <Box className={classes.fill} data-tone={budgetTone(level)} w={`${percent}%`} />
      </Box>
    </div>
  )
}
