/** The tokens with which programs call the API of this node. */

import { Code, List, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago, useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { NamedDialogue } from '../../components/named-action.tsx'
import { doneHere } from '../../components/outcome.tsx'
import { Panel } from '../../components/panel.tsx'
import { type RowAction, useRowDialogue } from '../../components/row-dialogue.tsx'
import { counted } from '../../components/words.ts'
import { MakeToken } from './make-token.tsx'

type Token = Answer<'tokens'>['tokens'][number]

const EVERY_MS = 30_000
const TABLE_PIXELS = 420

export function TokensPanel(): ReactNode {
  const tokens = useAnswer('tokens', {}, { everyMs: EVERY_MS })
  const { may } = useSession()
  return (
    <Panel
      title="API tokens"
      note="Who shows one calls the API of this node within its scopes, until it ends. The node keeps no token, only its hash."
      aside={may('createToken') ? <MakeToken /> : undefined}
    >
      <Answered of={tokens}>{({ tokens: all }) => <Tokens tokens={all} />}</Answered>
    </Panel>
  )
}

function Tokens({ tokens }: { readonly tokens: readonly Token[] }): ReactNode {
  const { may } = useSession()
  const { columns, chosen, isOpen, close } = useRowDialogue(COLUMNS, may('revokeToken') ? END : null)
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {counted(tokens.length, 'token')}
      </Text>
      <DataTable
        label="API tokens"
        rows={tokens}
        columns={columns}
        keyOf={({ id }) => id}
        empty="There is no token; only people who sign in and the owner of the machine call this node."
        heightPixels={TABLE_PIXELS}
      />
      {chosen !== null && <EndToken key={chosen.id} token={chosen} isOpen={isOpen} onClose={close} />}
    </>
  )
}

const COLUMNS: readonly Column<Token>[] = [
  {
    ...{ title: 'Token', width: 'minmax(84px, 1.2fr)' },
    value: ({ name }) => <span title={name}>{name}</span>,
    order: ({ name }) => name
  },
  { title: 'Id', width: '120px', from: 'lg', value: ({ id }) => <Code>{id}</Code>, order: ({ id }) => id },
  {
    ...{ title: 'Scopes', width: 'minmax(120px, 1.6fr)', from: 'sm' },
    value: ({ scopes }) => <span title={scopes.join(', ')}>{scopes.join(', ')}</span>,
    order: ({ scopes }) => scopes.length
  },
  {
    ...{ title: 'Made by', width: 'minmax(80px, 1fr)', from: 'lg' },
    value: ({ createdBy }) => <span title={createdBy}>{createdBy}</span>,
    order: ({ createdBy }) => createdBy
  },
  {
    ...{ title: 'Used', width: '96px', from: 'md' },
    value: ({ usedAtMs }) => <Ago atMs={usedAtMs} />,
    order: ({ usedAtMs }) => usedAtMs ?? 0
  },
  {
    ...{ title: 'Ends', width: '84px' },
    value: ({ expiresAtMs }) => <Ending atMs={expiresAtMs} />,
    order: ({ expiresAtMs }) => expiresAtMs
  }
]

const END: RowAction<Token> = {
  ...{ title: 'End it', width: '76px', verb: 'End', isDangerous: true },
  label: ({ name }) => `End the token ${name}`
}

function Ending({ atMs }: { readonly atMs: number }): ReactNode {
  return atMs <= useNowMs() ? <State tone="quiet">ended</State> : <Ago atMs={atMs} />
}

function EndToken(props: {
  readonly token: Token
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactNode {
  const { token, isOpen, onClose } = props
  const { id, name, scopes, usedAtMs } = token
  const { who } = useSession()
  const revoke = useAction('revokeToken')
  return (
    <NamedDialogue
      verb="End"
      title={`End the token ${name}`}
      name={name}
      reason="none"
      isOpen={isOpen}
      onClose={onClose}
      reach={() => (
        <List size="sm" spacing={4}>
          <List.Item>
            Whatever shows it is refused from its next call on; sessions that rest on it, and tokens that were
            made with it, end too. It can not be brought back.
          </List.Item>
          <List.Item>It may: {scopes.join(', ')}.</List.Item>
          <List.Item>
            {usedAtMs === null ? (
              'It was never used.'
            ) : (
              <>
                It was last used <Ago atMs={usedAtMs} />, so something may need it.
              </>
            )}
          </List.Item>
          {who.id.endsWith(`(${id})`) && <List.Item>You are signed in by it: this signs you out.</List.Item>}
        </List>
      )}
      act={async () => {
        const ended = await revoke.mutateAsync({ id })
        return doneHere(`Token ${ended.id} (${ended.name}) has ended.`)
      }}
    />
  )
}
