import { Anchor, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { PageFrame } from '../components/page-frame.tsx'

export function NoSuchPage(): ReactNode {
  return (
    <PageFrame title="There is no such page">
      <Text>
        The address names no page, or one that your sign-in lacks the scope for. Begin at the{' '}
        <Anchor component={Link} to="/" underline="always">
          overview
        </Anchor>
        .
      </Text>
    </PageFrame>
  )
}
