/** A page: its title, which gets the focus when the page is come to, what is done there, and what it shows. */

import { Anchor, Box, Group, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect, useRef } from 'react'
import { Link } from 'react-router'
import classes from './title-line.module.css'

export interface PageFrameProps {
  readonly title: string
  readonly lead?: ReactNode
  readonly back?: { readonly to: string; readonly label: string }
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function PageFrame({ title, lead, back, actions, children }: PageFrameProps): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Peerage`
    heading.current?.focus({ preventScroll: true })
  }, [title])
  return (
    <Stack gap="lg" maw={1440} mx="auto">
      <Box>
        {back !== undefined && (
          <Anchor component={Link} to={back.to} size="sm">
            ← {back.label}
          </Anchor>
        )}
        <Group className={classes.top ?? ''} justify="space-between" align="flex-start" gap="sm">
          <Box className={classes.words ?? ''}>
            <Title order={1} size="h2" ref={heading} tabIndex={-1}>
              {title}
            </Title>
            {lead !== undefined && (
              <Text component="div" c="dimmed" mt={2}>
                {lead}
              </Text>
            )}
          </Box>
          {actions}
        </Group>
      </Box>
      {children}
    </Stack>
  )
}
