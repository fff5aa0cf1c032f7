/** How the ledger is written to files, and checked on any machine without believing this node. */

import { Group, List, SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useActivity } from '../../api/live.tsx'
import { Copy, WholeCode } from '../../components/copy.tsx'
import { Panel } from '../../components/panel.tsx'
import { LedgerFrame } from './ledger-frame.tsx'
import { proofCommands } from './ledger-words.ts'

export function ProofPage(): ReactNode {
  const activity = useActivity()
  const { write, verify } = proofCommands(activity?.org.id ?? 'ID')
  return (
    <LedgerFrame>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel
          title="1. Write it"
          note={`On the machine of ${activity?.device.name ?? 'this node'}, or of any member of the org`}
        >
          <Text size="sm">
            It writes every root and every operation, with their signatures, to a new folder. Nothing is
            written over, and names of devices are not in it: the ledger holds pseudonyms.
          </Text>
          <Command text={write} />
        </Panel>
        <Panel title="2. Check it" note="On any machine that has the program: no node, no home, no network">
          <Text size="sm">
            The id of the org is the hash of its first root. Take it from somebody you trust, and not from
            this page alone: it is what all else is proved by.
          </Text>
          <Command text={verify} />
        </Panel>
      </SimpleGrid>
      <Panel
        title="What the check proves"
        note="It exits with 0 when all of it holds, and with 65 when something does not"
      >
        <List size="sm" spacing={4}>
          <List.Item>
            The chain of roots begins with the one whose hash is the id of the org, and each root after it has
            the signatures that the one before asks for.
          </List.Item>
          <List.Item>Each operation has the signature of its author, over exactly these bytes.</List.Item>
          <List.Item>
            Each feed is whole: positions from 1 without a gap, each naming the one before, and nothing named
            that is missing.
          </List.Item>
          <List.Item>
            The state is computed anew: who is a member, what is in force, and what is not and why.
          </List.Item>
          <List.Item>
            Forked feeds and contested roots are findings: they prove that their authors signed two histories.
          </List.Item>
        </List>
        <Text size="sm" c="dimmed" mt="sm">
          What it can not prove is that nothing newer exists: that is what beacons are for. The format is in
          docs/protocol-ledger.md, section 13, for who would rather check with a program of their own.
        </Text>
      </Panel>
    </LedgerFrame>
  )
}

function Command({ text }: { readonly text: string }): ReactNode {
  return (
    <Group mt="sm" gap="sm" align="flex-start">
      <WholeCode flex="1 1 260px">{text}</WholeCode>
      <Copy value={text} size="xs" />
    </Group>
  )
}
