/** While nothing is known yet. */

import { Center, Loader } from '@mantine/core'
import type { ReactNode } from 'react'

export function Waiting(): ReactNode {
  return (
    <Center h="60vh" role="status" aria-label="Loading">
      <Loader />
    </Center>
  )
}
