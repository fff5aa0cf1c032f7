/** How many risks have each likelihood and impact now; whoever chooses a cell sees those alone. */

import { Text, UnstyledButton } from '@mantine/core'
import type { ReactNode } from 'react'
import { LEVELS, levelOf } from '../../../../src/base/risk-level.ts'
import { counted } from '../../components/words.ts'
import classes from './risk.module.css'
import { DEGREES, type Risk, risksByCell } from './risk-words.ts'

interface HeatMapProps {
  readonly risks: readonly Risk[]
  readonly cell: string | null
  readonly onChoose: (cell: string | null) => void
}

export function HeatMap({ risks, cell, onChoose }: HeatMapProps): ReactNode {
  const byCell = risksByCell(risks)
  return (
    <>
      <Text size="xs" fw={600} mb={4}>
        Likelihood ↑
      </Text>
      <table className={classes.map} aria-label="Risks by likelihood and impact">
        <tbody>
          {DEGREES.toReversed().map(likelihood => (
            <tr key={likelihood}>
              <th scope="row">
                {likelihood} {LEVELS[likelihood - 1]}
              </th>
              {DEGREES.map(impact => {
                const at = `${likelihood} ${impact}`
                const here = byCell.get(at) ?? []
                return (
                  <td
                    key={impact}
                    data-level={levelOf(likelihood * impact)}
                    data-empty={here.length === 0}
                    title={here.map(({ title }) => title).join('\n')}
                  >
                    <Cell
                      count={here.length}
                      words={`likelihood ${likelihood}, impact ${impact}`}
                      isChosen={cell === at}
                      onChoose={() => onChoose(cell === at ? null : at)}
                    />
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <td />
            {DEGREES.map(impact => (
              <th key={impact} scope="col">
                {impact}
                <span className={classes.word}>
                  <br />
                  {LEVELS[impact - 1]}
                </span>
              </th>
            ))}
          </tr>
        </tfoot>
      </table>
      <Text size="xs" fw={600} ta="right" mt={4}>
        Impact →
      </Text>
    </>
  )
}

function Cell(props: {
  readonly count: number
  readonly words: string
  readonly isChosen: boolean
  readonly onChoose: () => void
}): ReactNode {
  const { count, words, isChosen, onChoose } = props
  if (count === 0) return null
  return (
    <UnstyledButton
      className={classes.chosen ?? ''}
      aria-label={`${counted(count, 'risk')} of ${words}`}
      aria-pressed={isChosen}
      onClick={onChoose}
    >
      {count}
    </UnstyledButton>
  )
}
