/** Folders that the node keeps at the newest good version of a dataset. */

import { Alert, Anchor, Button, Card, Code, Group, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { datasetPath } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { Failure } from '../../components/failure.tsx'
import { NamedAction } from '../../components/named-action.tsx'
import { doneHere } from '../../components/outcome.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted } from '../../components/words.ts'
import { currentText, type Follow, followState, hookText } from './follow-words.ts'

const EVERY_MS = 5_000

export function FollowsPanel(): ReactNode {
  const follows = useAnswer('follows', {}, { everyMs: EVERY_MS })
  return (
    <Panel
      title="Followed"
      note="Folders that this node switches to each new version by itself, once all of it is verified and on disk"
    >
      <Answered of={follows}>
        {({ follows: list }) =>
          list.length === 0 ? (
            <Text size="sm">
              This node follows nothing. To keep a folder at the newest version, choose that when fetching a
              dataset, or run peerage follow.
            </Text>
          ) : (
            <Stack gap="sm">
              {list.map(follow => (
                <FollowCard key={follow.id} follow={follow} />
              ))}
            </Stack>
          )
        }
      </Answered>
    </Panel>
  )
}

function FollowCard({ follow }: { readonly follow: Follow }): ReactNode {
  const { name, destination, failed, passedOver, problems, lastHook, retryAtMs, target } = follow
  const { tone, says } = followState(follow)
  return (
    <Card withBorder padding="md" bg="transparent">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} miw={0} flex="1 1 320px">
          <Group gap="sm" align="baseline">
            <Anchor component={Link} to={datasetPath(name)} fw={600}>
              {name}
            </Anchor>
            <Text size="sm" component="div">
              <State tone={tone}>{says}</State>
            </Text>
          </Group>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            <Code>{destination}</Code> {currentText(follow)}
            {follow.current !== null && (
              <>
                , since <Ago atMs={follow.current.atMs} />
              </>
            )}
          </Text>
          <Text size="sm" c="dimmed">
            Keeps {counted(follow.keep, 'version')} on disk; hook: {hookText(follow.hook)}
            {lastHook !== null && (
              <>
                , which ran <Ago atMs={lastHook.endedAtMs} /> and{' '}
                {lastHook.exitCode === 0
                  ? 'went well'
                  : `did not go well (${lastHook.fault ?? lastHook.exitCode})`}
              </>
            )}
            {retryAtMs !== null && (
              <>
                ; tries again <Ago atMs={retryAtMs} />
              </>
            )}
          </Text>
          {target !== null && (
            <Anchor component={Link} to={`/console/transfers/${target.transfer}`} size="sm">
              The transfer of version {target.ordinal}
            </Anchor>
          )}
        </Stack>
        <FollowActions follow={follow} />
      </Group>
      {problems.length + failed.length + passedOver.length > 0 && (
        <Alert variant="outline" color="yellow" mt="sm" title="What was not taken, and why">
          <List size="sm">
            {problems.map(({ code, message }) => (
              <List.Item key={code + message}>
                {message} <Code>{code}</Code>
              </List.Item>
            ))}
            {[...failed, ...passedOver].map(({ ordinal, detail }) => (
              <List.Item key={`${ordinal} ${detail}`}>
                Version {ordinal}: {detail}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </Card>
  )
}

function FollowActions({ follow }: { readonly follow: Follow }): ReactNode {
  const { may } = useSession()
  const stop = useAction('stopFollow')
  const rollback = useAction('rollbackFollow')
  const resume = useAction('resumeFollow')
  const retry = useAction('retryFollow')
  if (!may('stopFollow')) return null
  const { destination, name, previous, pinned, failed, hook } = follow
  const failure = resume.error ?? retry.error
  return (
    <Stack gap="xs" align="flex-end">
      <Group gap="xs">
        {failed.length > 0 && (
          <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate({ destination })}>
            Try again
          </Button>
        )}
        {pinned !== null && (
          <Button loading={resume.isPending} onClick={() => resume.mutate({ destination })}>
            Go on to the newest
          </Button>
        )}
        <NamedAction
          isOffered={previous !== null}
          verb="Roll back"
          title={`Roll ${name} back`}
          name={name}
          reason="none"
          reach={() => (
            <Text size="sm">
              {destination} is switched to version {previous?.ordinal}, which is on disk, and stays there
              until somebody has it go on.{hook === null ? '' : ' The hook runs after the switch.'} No other
              device is touched.
            </Text>
          )}
          act={async () => {
            const after = await rollback.mutateAsync({ destination })
            return doneHere(`${name} goes back to version ${after.pinned ?? previous?.ordinal}`)
          }}
        />
        <NamedAction
          verb="Stop following"
          title={`Stop following ${name}`}
          name={name}
          reason="none"
          reach={() => (
            <Text size="sm">
              New versions of {name} no longer come to {destination}. What is there stays.
            </Text>
          )}
          act={async () => {
            await stop.mutateAsync({ destination })
            return doneHere(`${name} is followed no more`)
          }}
        />
      </Group>
      {failure !== null && <Failure error={failure} />}
    </Stack>
  )
}
