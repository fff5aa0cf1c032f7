/** Roots that stand to vote, what each changes, who is missing, and this device's vote. */

import { Card, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { NamedAction } from '../../components/named-action.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted, deviceText, shortId } from '../../components/words.ts'
import type { Authority } from './ledger-words.ts'

type Proposal = Authority['proposals'][number]

export function ProposalsPanel({ authority }: { readonly authority: Authority }): ReactNode {
  const { proposals } = authority
  if (proposals.length === 0) return null
  return (
    <Panel title="Roots that stand to vote" note="An admin signs one root of each version, and never another">
      <Stack gap="sm">
        {proposals.map(proposal => (
          <ProposalCard key={proposal.hash} proposal={proposal} authority={authority} />
        ))}
      </Stack>
    </Panel>
  )
}

function tallyText({ needed, signed, missing }: Proposal['ownAdmins']): string {
  const lack = missing.length === 0 ? '' : `; not yet ${missing.map(deviceText).join(', ')}`
  return `${signed.length} of ${needed} needed${lack}`
}

function ProposalCard(props: { readonly proposal: Proposal; readonly authority: Authority }): ReactNode {
  const { proposal, authority } = props
  const { hash, version, by, proposedAtMs, changes, formerAdmins, ownAdmins, recovery, operationsLost } =
    proposal
  return (
    <Card withBorder padding="md" bg="transparent">
      <Text fw={600}>
        Root version {version}, {shortId(hash)}
      </Text>
      <Text size="sm" c="dimmed">
        Proposed by {deviceText(by)} <Ago atMs={proposedAtMs} />
      </Text>
      <List size="sm" my="xs">
        {changes.map(change => (
          <List.Item key={change}>{change}</List.Item>
        ))}
      </List>
      <Text size="sm">
        Admins of now: {tallyText(formerAdmins)}. Admins after it: {tallyText(ownAdmins)}.
        {recovery !== null && proposal.needsRecovery && ` Recovery keys: ${tallyText(recovery)}.`}
        {operationsLost > 0 &&
          ` ${counted(operationsLost, 'operation')} that admins signed since would lose their effect.`}
      </Text>
      <Vote proposal={proposal} authority={authority} />
    </Card>
  )
}

function Vote(props: { readonly proposal: Proposal; readonly authority: Authority }): ReactNode {
  const { proposal, authority } = props
  const { may } = useSession()
  const vote = useAction('vote')
  const { hash, version, changes, operationsLost } = proposal
  return (
    <Stack mt="sm" align="flex-start">
      <NamedAction
        isOffered={may('vote') && authority.isAdmin}
        verb="Sign it"
        title={`Sign root version ${version}`}
        name={authority.orgName}
        reason="none"
        reach={() => (
          <Stack gap="xs">
            <Text size="sm">
              It changes who governs {authority.orgName}. This device can then sign no other root of version{' '}
              {version}, and can not take its signature back.
            </Text>
            <List size="sm">
              {changes.map(change => (
                <List.Item key={change}>{change}</List.Item>
              ))}
              {operationsLost > 0 && (
                <List.Item>{counted(operationsLost, 'operation')} of admins lose their effect.</List.Item>
              )}
            </List>
          </Stack>
        )}
        act={async () => {
          const { inForce, missing, peersTold } = await vote.mutateAsync({ proposal: hash, vote: null })
          const waitsFor = missing.length === 0 ? null : missing.join('; ')
          return [{ says: `root version ${version} is signed by this device`, inForce, waitsFor, peersTold }]
        }}
      />
    </Stack>
  )
}
