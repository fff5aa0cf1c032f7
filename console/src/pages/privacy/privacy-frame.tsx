/** A page of privacy, beside the others. */

import type { ReactNode } from 'react'
import { useActivity } from '../../api/live.tsx'
import { PageFrame, type PageFrameProps } from '../../components/page-frame.tsx'
import { SubPages } from '../../components/sub-pages.tsx'

export const PRIVACY = '/console/privacy'
export const REQUESTS = `${PRIVACY}/requests`
export const BREACHES = `${PRIVACY}/breaches`
export const ERASURES = `${PRIVACY}/erasures`

const PAGES = [
  { to: PRIVACY, label: 'What is due' },
  { to: REQUESTS, label: 'Requests' },
  { to: BREACHES, label: 'Breaches' },
  { to: `${PRIVACY}/persons`, label: 'Persons' },
  { to: ERASURES, label: 'Erasures' },
  { to: `${PRIVACY}/retention`, label: 'Retention and holds' },
  { to: `${PRIVACY}/processing`, label: 'Record of processing' },
  { to: `${PRIVACY}/transfers`, label: 'Transfers abroad' }
]

export function PrivacyFrame({ children, ...frame }: PageFrameProps): ReactNode {
  return (
    <PageFrame {...frame}>
      <SubPages label="Privacy" pages={PAGES} />
      {children}
    </PageFrame>
  )
}

/** The node whose notes and cases are shown: they are on no other. */
export function NodeName(): ReactNode {
  return <b>{useActivity()?.device.name ?? 'this node'}</b>
}
