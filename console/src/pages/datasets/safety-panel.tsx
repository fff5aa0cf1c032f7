/** How safe a version is, and the rule that it is stored by. */

import { List, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { passingText, steadyText, wantedText } from '../../../../src/report/boost-words.ts'
import { useAnswer } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago, useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { State } from '../../components/dot.tsx'
import { FormButton } from '../../components/form-dialogue.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted, deviceText, sentence } from '../../components/words.ts'
import { StoragePolicyForm } from './storage-policy-form.tsx'

const EVERY_MS = 10_000
const COPIES_SHOWN = 12

export function SafetyPanel({
  name,
  version
}: {
  readonly name: string
  readonly version: string
}): ReactNode {
  const { may } = useSession()
  const storage = useAnswer('versionStorage', { name, version }, { everyMs: EVERY_MS })
  return (
    <Panel
      title="Safety"
      note="By what devices said that they keep, as this node knows"
      aside={
        may('setStoragePolicy') && storage.data !== undefined ? (
          <FormButton label="Change the policy" title={`How ${name} is stored`}>
            {onDone => <StoragePolicyForm name={name} policy={storage.data.policy} onDone={onDone} />}
          </FormButton>
        ) : undefined
      }
    >
      <Answered of={storage}>
        {known => (
          <>
            <Safety known={known} />
            <Passing known={known} />
          </>
        )}
      </Answered>
    </Panel>
  )
}

function Safety({ known }: { readonly known: Answer<'versionStorage'> }): ReactNode {
  const { isSafe, says, policy, copies, sites, devices } = known
  return (
    <>
      <Text fw={600} size="sm" component="div">
        <State tone={policy === null ? 'quiet' : isSafe ? 'good' : 'bad'}>{sentence(says)}</State>
      </Text>
      {policy !== null && (
        <Text size="sm" c="dimmed" mt={4}>
          Asked for: {policy}. There are {counted(copies, 'copy', 'copies')} in {counted(sites, 'site')}.
        </Text>
      )}
      {devices.length > 0 && (
        <List size="sm" mt="sm" spacing={2}>
          {devices.slice(0, COPIES_SHOWN).map(copy => (
            <List.Item key={`${copy.device} ${copy.share}`}>
              {deviceText(copy)} in {copy.site ?? 'a site not known'}: {copy.state}
              {copy.share === null ? '' : `, share ${copy.share}`}
              {copy.saidAtMs !== null && (
                <>
                  , said <Ago atMs={copy.saidAtMs} />
                </>
              )}
            </List.Item>
          ))}
          {devices.length > COPIES_SHOWN && <List.Item>and {devices.length - COPIES_SHOWN} more</List.Item>}
        </List>
      )}
    </>
  )
}

/** What devices want of it now, and the copy that this node has in passing. */
function Passing({ known }: { readonly known: Answer<'versionStorage'> }): ReactNode {
  const node = useActivity()?.device.name ?? 'this node'
  const nowMs = useNowMs()
  const { demand, passing, bytes } = known
  if (demand === null && passing === null) return null
  const wanted = demand?.wanted ?? null
  return (
    <List size="sm" mt="sm" spacing={2}>
      {passing !== null && (
        <List.Item>
          Boosted by {node}: {passingText({ ...passing, bytes }, { wanted, nowMs })}. Nobody counts on that
          copy.
        </List.Item>
      )}
      {demand !== null && (
        <List.Item>
          {passing === null && `Wanted now by ${wantedText(demand.wanted)}. `}Of the servers{' '}
          {steadyText(demand)}.
        </List.Item>
      )}
    </List>
  )
}
