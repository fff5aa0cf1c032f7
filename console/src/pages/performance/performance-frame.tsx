/** A page of performance, beside the others; whose figures it shows, and whose not. */

import { Alert, List, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Answer } from '../../api/routes.ts'
import { PageFrame, type PageFrameProps } from '../../components/page-frame.tsx'
import { SubPages } from '../../components/sub-pages.tsx'
import { counted, deviceText } from '../../components/words.ts'

export const PERFORMANCE = '/console/performance'

const SILENT_SHOWN_MAX = 8
const PAGES = [
  { to: PERFORMANCE, label: 'Service levels' },
  { to: `${PERFORMANCE}/participation`, label: 'Participation' },
  { to: `${PERFORMANCE}/savings`, label: 'Savings' },
  { to: `${PERFORMANCE}/over-time`, label: 'Over time' }
]

export function PerformanceFrame({ children, ...frame }: PageFrameProps): ReactNode {
  return (
    <PageFrame {...frame}>
      <SubPages label="Performance" pages={PAGES} />
      {children}
    </PageFrame>
  )
}

/** Members of which nothing is counted. */
export function Silent({ heard }: { readonly heard: Answer<'levels'>['heard'] }): ReactNode {
  const { devices, silent, silentCount } = heard
  if (silentCount === 0)
    return (
      <Text size="sm" c="dimmed">
        From all {counted(devices, 'device')} of the org, each by its own word.
      </Text>
    )
  const rest = silentCount - Math.min(SILENT_SHOWN_MAX, silent.length)
  return (
    <Alert
      variant="outline"
      color="yellow"
      title={`${counted(silentCount, 'device')} did not answer`}
      role="status"
    >
      <Text size="sm">
        What is shown is from the {counted(devices, 'device')} that did, each by its own word; of these
        nothing is counted:
      </Text>
      <List size="sm">
        {silent.slice(0, SILENT_SHOWN_MAX).map(each => (
          <List.Item key={each.device}>
            {deviceText(each)}: {each.detail}
          </List.Item>
        ))}
        {rest > 0 && <List.Item>and {rest} more</List.Item>}
      </List>
    </Alert>
  )
}
