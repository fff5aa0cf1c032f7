/** The console with its navigation, or a screen on a wall: whoever can only watch sees nothing but that. */

import { lazy, type ReactNode, Suspense } from 'react'
import { useLocation } from 'react-router'
import { onlyWatches, WALL_PATH } from '../api/credential.ts'
import { useSession } from '../api/session.tsx'
import { Shell } from './shell.tsx'
import { Waiting } from './waiting.tsx'

const Wall = lazy(() => import('../pages/wall/index.tsx'))

export function Places(): ReactNode {
  const { who } = useSession()
  const { pathname } = useLocation()
  if (pathname !== WALL_PATH && !onlyWatches(who)) return <Shell />
  return (
    <Suspense fallback={<Waiting />}>
      <Wall />
    </Suspense>
  )
}
