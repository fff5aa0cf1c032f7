/** A part of a page with a title, and figures that stand by themselves. */

import { Box, Card, Group, SimpleGrid, type SimpleGridProps, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './title-line.module.css'

interface PanelProps {
  readonly title: string
  /** Whose word it is and how old, or what it means. */
  readonly note?: ReactNode
  readonly aside?: ReactNode
  readonly children: ReactNode
}

export function Panel({ title, note, aside, children }: PanelProps): ReactNode {
  return (
    <Card component="section" withBorder padding="lg" bg="var(--peerage-surface)" aria-label={title}>
      <Group className={classes.top ?? ''} justify="space-between" align="flex-start" mb="sm" gap="sm">
        <Box className={classes.words ?? ''}>
          <Title order={2} size="h4">
            {title}
          </Title>
          {note !== undefined && (
            <Text component="div" size="sm" c="dimmed">
              {note}
            </Text>
          )}
        </Box>
        {aside}
      </Group>
      {children}
    </Card>
  )
}

interface FigureProps {
  readonly label: string
  readonly value: ReactNode
  readonly note?: ReactNode
  readonly icon?: ReactNode
}

export function Figure({ label, value, note, icon }: FigureProps): ReactNode {
  return (
    <Card withBorder padding="md" bg="var(--peerage-surface)">
      <Group gap={6} c="dimmed">
        {icon}
        <Text size="sm" fw={500}>
          {label}
        </Text>
      </Group>
      <Text component="div" fz={26} fw={650} lh={1.3} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      {note !== undefined && (
        <Text component="div" size="sm" c="dimmed">
          {note}
        </Text>
      )}
    </Card>
  )
}

const FOUR = { base: 2, md: 4 }

/** The figures of a page beside each other: on a phone in twos, so that what one came for is not far below. */
export function FigureGrid(props: {
  readonly cols?: NonNullable<SimpleGridProps['cols']>
  readonly children: ReactNode
}): ReactNode {
  return (
    <SimpleGrid cols={props.cols ?? FOUR} spacing={{ base: 'xs', sm: 'md' }}>
      {props.children}
    </SimpleGrid>
  )
}

/** A list of what things are: "label  value". */
export function Facts({
  facts
}: {
  readonly facts: readonly (readonly [label: string, value: ReactNode])[]
}): ReactNode {
  return (
    <Box
      component="dl"
      m={0}
      style={{ display: 'grid', gridTemplateColumns: 'minmax(7rem, auto) 1fr', gap: '6px 16px' }}
    >
      {facts.map(([label, value]) => (
        <Box key={label} style={{ display: 'contents' }}>
          <Text component="dt" size="sm" c="dimmed">
            {label}
          </Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: 'anywhere' }}>
            {value}
          </Text>
        </Box>
      ))}
    </Box>
  )
}
