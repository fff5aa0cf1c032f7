/** Erasures and recalls, and how many devices have confirmed each. */

import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import { Answered } from '../../components/answered.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted } from '../../components/words.ts'
import { CasesTable } from './cases-table.tsx'
import { PrivacyFrame } from './privacy-frame.tsx'

const EVERY_MS = 30_000

export function ErasuresPage(): ReactNode {
  const erasures = useAnswer('erasureCases', {}, { everyMs: EVERY_MS })
  return (
    <PrivacyFrame
      title="Erasures"
      lead="Versions that were taken from the whole org, by case, as the ledger says: who has deleted them, and who has not said so"
    >
      <Panel title="Cases">
        <Answered of={erasures}>
          {({ cases }) => (
            <>
              <Text size="sm" c="dimmed" mb="xs">
                {counted(cases.length, 'case')}; a version is erased at its dataset, all about a person at
                Persons
              </Text>
              <CasesTable cases={cases} empty="Nothing was erased or recalled." />
            </>
          )}
        </Answered>
      </Panel>
    </PrivacyFrame>
  )
}
