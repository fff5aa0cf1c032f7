/** Who is signed in to this node in a browser, and signing one out. */

import { List, Text } from '@mantine/core'
import { type ReactNode, useMemo } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { NamedDialogue } from '../../components/named-action.tsx'
import { doneHere } from '../../components/outcome.tsx'
import { Panel } from '../../components/panel.tsx'
import { type RowAction, useRowDialogue } from '../../components/row-dialogue.tsx'
import { counted } from '../../components/words.ts'

type Session = Answer<'sessions'>['sessions'][number]

const EVERY_MS = 30_000
const TABLE_PIXELS = 320
const BY: Readonly<Record<Session['by'], string>> = {
  code: 'peerage console',
  token: 'a token',
  provider: 'the provider'
}

export function SessionsPanel(): ReactNode {
  const sessions = useAnswer('sessions', {}, { everyMs: EVERY_MS })
  return (
    <Panel
      title="Signed in"
      note="Browsers in which somebody is signed in to this node. A session ends after 30 minutes without use, and when the node starts again."
    >
      <Answered of={sessions}>{({ sessions: all }) => <Sessions sessions={all} />}</Answered>
    </Panel>
  )
}

function Sessions({ sessions }: { readonly sessions: readonly Session[] }): ReactNode {
  const { who } = useSession()
  const own = useMemo(() => columnsOf(who.session), [who.session])
  const { columns, chosen, isOpen, close } = useRowDialogue(own, SIGN_OUT)
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {counted(sessions.length, 'session')}
      </Text>
      <DataTable
        label="Sessions"
        rows={sessions}
        columns={columns}
        keyOf={({ id }) => id}
        empty="Nobody is signed in in a browser."
        heightPixels={TABLE_PIXELS}
      />
      {chosen !== null && (
        <EndSession
          key={chosen.id}
          session={chosen}
          isOwn={chosen.id === who.session}
          isOpen={isOpen}
          onClose={close}
        />
      )}
    </>
  )
}

function columnsOf(own: string | null): readonly Column<Session>[] {
  return [
    {
      ...{ title: 'Who', width: 'minmax(90px, 1.8fr)' },
      value: ({ id, who }) => <span title={who}>{id === own ? `you: ${who}` : who}</span>,
      order: ({ who }) => who
    },
    {
      ...{ title: 'Signed in by', width: 'minmax(128px, 1fr)', from: 'sm' },
      value: ({ by }) => BY[by],
      order: ({ by }) => by
    },
    {
      ...{ title: 'May', width: 'minmax(90px, 1fr)', from: 'lg' },
      value: ({ scopes }) => <span title={scopes.join(', ')}>{scopes.join(', ')}</span>,
      order: ({ scopes }) => scopes.length
    },
    {
      ...{ title: 'Since', width: '96px', from: 'md' },
      value: ({ begunAtMs }) => <Ago atMs={begunAtMs} />,
      order: ({ begunAtMs }) => begunAtMs
    },
    {
      ...{ title: 'Used', width: '84px', from: 'sm' },
      value: ({ usedAtMs }) => <Ago atMs={usedAtMs} />,
      order: ({ usedAtMs }) => usedAtMs
    },
    {
      ...{ title: 'Ends unused', width: '110px', from: 'md' },
      value: ({ idleEndsAtMs }) => <Ago atMs={idleEndsAtMs} />,
      order: ({ idleEndsAtMs }) => idleEndsAtMs
    }
  ]
}

const SIGN_OUT: RowAction<Session> = {
  ...{ title: 'End it', width: '96px', verb: 'Sign out', isDangerous: true },
  label: ({ who }) => `Sign out ${who}`
}

function EndSession(props: {
  readonly session: Session
  readonly isOwn: boolean
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactNode {
  const { session, isOwn, isOpen, onClose } = props
  const { id, who, by, usedAtMs } = session
  const end = useAction('endNamedSession')
  return (
    <NamedDialogue
      verb="Sign out"
      title={`Sign out ${who}`}
      name={id}
      reason="none"
      isOpen={isOpen}
      onClose={onClose}
      reach={() => (
        <List size="sm" spacing={4}>
          <List.Item>
            Its next call is refused, and what is being sent to it ends within two seconds.
          </List.Item>
          <List.Item>
            It was last used <Ago atMs={usedAtMs} />.
          </List.Item>
          <List.Item>{AGAIN[by]}</List.Item>
          {isOwn && <List.Item>It is your own: this signs you out.</List.Item>}
        </List>
      )}
      act={async () => {
        await end.mutateAsync({ id })
        return doneHere(`${who} is signed out.`)
      }}
    />
  )
}

const AGAIN: Readonly<Record<Session['by'], string>> = {
  code: 'The owner of the machine can sign in again, by peerage console.',
  token: 'Who has the token can sign in again: to keep them out, end the token.',
  provider: 'Whom the provider knows can sign in again: to keep them out, take them out of its groups.'
}
