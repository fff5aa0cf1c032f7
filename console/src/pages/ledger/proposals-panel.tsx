/** Roots that stand to vote, what each changes, who is missing, and this device's vote. */

import { Button, Card, Group, List, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { useChosen } from '../../components/chosen.ts'
import { NamedDialogue } from '../../components/named-action.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted, deviceText, shortId } from '../../components/words.ts'
import { type Authority, changeText } from './ledger-words.ts'

type Proposal = Authority['proposals'][number]

export function ProposalsPanel({ authority }: { readonly authority: Authority }): ReactNode {
  const { proposals } = authority
  // Signed to its end a root stands to vote no more; what came of it is shown all the same.
  const { chosen, choose, isOpen, close } = useChosen<Proposal>()
  return (
    <>
      {proposals.length > 0 && (
        <Panel
          title="Roots that stand to vote"
          note="An admin signs one root of each version, and never another"
        >
          <Stack gap="sm">
            {proposals.map(proposal => (
              <ProposalCard
                key={proposal.hash}
                proposal={proposal}
                isVoter={authority.isAdmin}
                onSign={() => choose(proposal)}
              />
            ))}
          </Stack>
        </Panel>
      )}
      {chosen !== null && (
        <SignDialogue
          key={chosen.hash}
          proposal={chosen}
          orgName={authority.orgName}
          isOpen={isOpen}
          onClose={close}
        />
      )}
    </>
  )
}

function tallyText({ needed, signed, missing }: Proposal['ownAdmins']): string {
  const lack = missing.length === 0 ? '' : `; not yet ${missing.map(deviceText).join(', ')}`
  return `${signed.length} of ${needed} needed${lack}`
}

function ProposalCard(props: {
  readonly proposal: Proposal
  readonly isVoter: boolean
  readonly onSign: () => void
}): ReactNode {
  const { proposal, isVoter, onSign } = props
  const { hash, version, by, proposedAtMs, changes, formerAdmins, ownAdmins, recovery, operationsLost } =
    proposal
  const { may } = useSession()
  const device = useActivity()?.device
  const isLeft = [...formerAdmins.missing, ...ownAdmins.missing].some(each => each.device === device?.id)
  return (
    <Card withBorder padding="md" bg="transparent">
      <Text fw={600}>
        Root version {version}, {shortId(hash)}
      </Text>
      <Text size="sm" c="dimmed">
        Proposed by {deviceText(by)} <Ago atMs={proposedAtMs} />
      </Text>
      <List size="sm" my="xs">
        <Changes of={changes} />
      </List>
      <Text size="sm">
        Admins of now: {tallyText(formerAdmins)}. Admins after it: {tallyText(ownAdmins)}.
        {recovery !== null && proposal.needsRecovery && ` Recovery keys: ${tallyText(recovery)}.`}
        {operationsLost > 0 &&
          ` ${counted(operationsLost, 'operation')} that admins signed since would lose their effect.`}
      </Text>
      {isVoter && !isLeft && device !== undefined && (
        <Text size="sm" c="dimmed" mt="sm">
          {device.name} has signed it already: other admins have to.
        </Text>
      )}
      {may('vote') && isVoter && isLeft && (
        <Group mt="sm">
          <Button variant="outline" color="red" onClick={onSign}>
            Sign it
          </Button>
        </Group>
      )}
    </Card>
  )
}

function Changes({ of }: { readonly of: readonly string[] }): ReactNode {
  const devices = useAnswer('devices', {})
  return of.map(change => (
    <List.Item key={change}>{changeText(change, devices.data?.devices ?? [])}</List.Item>
  ))
}

function SignDialogue(props: {
  readonly proposal: Proposal
  readonly orgName: string
  readonly isOpen: boolean
  readonly onClose: () => void
}): ReactNode {
  const { proposal, orgName, isOpen, onClose } = props
  const vote = useAction('vote')
  const { hash, version, changes, operationsLost } = proposal
  return (
    <NamedDialogue
      verb="Sign it"
      title={`Sign root version ${version}`}
      name={orgName}
      reason="none"
      isOpen={isOpen}
      onClose={onClose}
      reach={() => (
        <Stack gap="xs">
          <Text size="sm">
            It changes who governs {orgName}. This device can then sign no other root of version {version},
            and can not take its signature back.
          </Text>
          <List size="sm">
            <Changes of={changes} />
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
  )
}
