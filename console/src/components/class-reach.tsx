/** How much is of a class. */

import type { ReactNode } from 'react'
import { useAnswer } from '../api/answers.ts'
import { Answered } from './answered.tsx'
import { counted } from './words.ts'

export function ClassReach({ dataClass }: { readonly dataClass: string }): ReactNode {
  const datasets = useAnswer('datasets', {})
  return (
    <Answered of={datasets}>
      {({ datasets: all }) => {
        const reached = all.filter(each => each.dataClass === dataClass && !each.retired).length
        return `${counted(reached, 'dataset is', 'datasets are')} of this class by the newest version.`
      }}
    </Answered>
  )
}
