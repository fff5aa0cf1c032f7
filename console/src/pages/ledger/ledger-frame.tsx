/** What the pages of the ledger share: how fresh it is, what is wrong with it, and the way from one to another. */

import { Alert, Anchor, List, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { State } from '../../components/dot.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { SubPages } from '../../components/sub-pages.tsx'
import { counted, deviceText } from '../../components/words.ts'
import { type Authority, freshnessText } from './ledger-words.ts'

const STATUS_EVERY_MS = 10_000
const VIEWS = [
  { to: '/console/ledger', label: 'Operations' },
  { to: '/console/ledger/feeds', label: 'Feeds' },
  { to: '/console/ledger/authority', label: 'Roots and authority' },
  { to: '/console/ledger/proof', label: 'Export and verify' }
]

export function LedgerFrame({ children }: { readonly children: ReactNode }): ReactNode {
  const { may } = useSession()
  const authority = useAnswer('authority', {}, { isOff: !may('authority') })
  return (
    <PageFrame title="Ledger" lead={<Freshness />}>
      <SubPages label="Views of the ledger" pages={VIEWS} />
      {authority.data !== undefined && <Trouble authority={authority.data} />}
      {children}
    </PageFrame>
  )
}

/** Whose ledger this is, and how old. */
function Freshness(): ReactNode {
  const activity = useActivity()
  const status = useAnswer('status', {}, { everyMs: STATUS_EVERY_MS })
  const newest = useAnswer('operations', { limit: 1 })
  if (activity === null || status.data === undefined || newest.data === undefined)
    return 'What every device signed, as this node knows it'
  const { freshness } = status.data
  const { tone, says } = freshnessText(freshness)
  return (
    <>
      {counted(newest.data.matched, 'operation')} known to {activity.device.name}
      {freshness.asOfAtMs !== null && (
        <>
          , as of the beacon of <Ago atMs={freshness.asOfAtMs} />
        </>
      )}
      . <State tone={tone}>{says}</State>
    </>
  )
}

/** What puts authority in doubt, above everything else. */
function Trouble({ authority }: { readonly authority: Authority }): ReactNode {
  const { freeze, equivocations, split, version, recovery } = authority
  if (freeze === null && equivocations.length === 0 && !split) return null
  return (
    <Alert variant="outline" color="red" role="alert" title="The authority of the org is in doubt">
      <List size="sm">
        {freeze !== null && (
          <List.Item>
            {freeze.roots.length} roots of version {freeze.version} have enough signatures each. Authority is
            frozen at the one before until a root of the recovery keys follows; who signed several:{' '}
            {freeze.equivocators.map(deviceText).join(', ') || 'not known here'}.
          </List.Item>
        )}
        {equivocations.map(({ key, version, hashes }) => (
          <List.Item key={`${key.device} ${version}`}>
            {deviceText(key)} signed {hashes.length} different roots of version {version}, which is proof
            against that key.
          </List.Item>
        ))}
        {split && (
          <List.Item>
            Votes are split: no root of version {version + 1} can get enough admins;{' '}
            {recovery.length === 0
              ? 'and there are no recovery keys, so that authority can not change any more.'
              : 'only one that a majority of the recovery keys signs can follow.'}
          </List.Item>
        )}
      </List>
      <Text size="sm" mt="xs">
        <Anchor component={Link} to="/console/ledger/authority" underline="always" size="sm">
          Roots and authority
        </Anchor>{' '}
        shows them.
      </Text>
    </Alert>
  )
}
