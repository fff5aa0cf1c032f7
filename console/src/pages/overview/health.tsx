/** Whether anything needs a person: if so what, the worst first, each with the way to where more of it is. */

import { Anchor, Button, Card, Group, Text, Title } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'
import { useActivity } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import { Dot } from '../../components/dot.tsx'
import { counted } from '../../components/words.ts'
import { AlertIcon, GoodIcon } from '../../shell/icons.tsx'
import { type Attention, linkedText, storedText } from './attention.ts'
import classes from './health.module.css'

/** More would push all else out of sight. */
const SHOWN_MAX = 6

export function Health(props: {
  readonly needs: readonly Attention[]
  readonly storage: Answer<'storage'> | undefined
  /** Where nobody can ask for the rest, how many there is room for. */
  readonly shownMax?: number
}): ReactNode {
  const { needs, storage, shownMax } = props
  const activity = useActivity()
  const [isAll, setAll] = useState(false)
  const tone = needs.some(need => need.tone === 'bad') ? 'bad' : needs.length > 0 ? 'warn' : 'good'
  const shown = isAll ? needs : needs.slice(0, shownMax ?? SHOWN_MAX)
  const left = needs.length - shown.length
  return (
    <Card
      component="section"
      withBorder
      className={classes.card ?? ''}
      data-tone={tone}
      padding="lg"
      bg="var(--peerage-surface)"
      aria-label="What needs attention"
    >
      <Group gap="sm" wrap="nowrap" role="status">
        <span className={classes.icon}>
          {tone === 'good' ? <GoodIcon size={24} /> : <AlertIcon size={24} />}
        </span>
        <Title order={2} size="h4">
          {needs.length === 0
            ? 'Nothing needs attention'
            : `${counted(needs.length, 'thing')} ${needs.length === 1 ? 'needs' : 'need'} attention`}
        </Title>
      </Group>
      {needs.length === 0 ? (
        <Text size="sm" mt={4} className={classes.beside ?? ''}>
          {activity === null ? 'This node answers' : linkedText(activity)}, and knows the ledger as freshly as
          the org asks for. {storedText(storage)}
        </Text>
      ) : (
        <ul className={classes.needs}>
          {shown.map(need => (
            <Need key={`${need.title} ${need.detail}`} need={need} />
          ))}
        </ul>
      )}
      {left > 0 && shownMax !== undefined && (
        <Text size="sm" mt="sm" fw={600}>
          and {left} more
        </Text>
      )}
      {left > 0 && shownMax === undefined && (
        <Button
          variant="default"
          size="xs"
          mt="sm"
          onClick={() => setAll(true)}
          style={{ alignSelf: 'start' }}
        >
          Show {left} more
        </Button>
      )}
    </Card>
  )
}

function Need({ need: { tone, title, detail, to } }: { readonly need: Attention }): ReactNode {
  return (
    <li>
      <Dot tone={tone} />
      <div>
        <Text size="sm" fw={600}>
          {to === undefined ? (
            title
          ) : (
            <Anchor
              component={Link}
              to={to}
              inherit
              c="var(--mantine-color-text)"
              className={classes.link ?? ''}
            >
              {title}
            </Anchor>
          )}
        </Text>
        <Text size="sm" c="dimmed">
          {detail}
        </Text>
      </div>
      {to !== undefined && (
        <span className={classes.way} aria-hidden="true">
          →
        </span>
      )}
    </li>
  )
}
