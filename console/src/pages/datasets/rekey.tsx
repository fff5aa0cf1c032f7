/** Wraps the keys of a sealed dataset anew for who may read it now. */

import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAction } from '../../api/answers.ts'
import { ActingForm } from '../../components/acting-form.tsx'
import { FormButton } from '../../components/form-dialogue.tsx'
import { counted } from '../../components/words.ts'

export function Rekey({ name }: { readonly name: string }): ReactNode {
  const rekey = useAction('rekey')
  const act = async () => {
    const { versions, peersTold } = await rekey.mutateAsync({ name })
    return versions.map(({ ordinal, rekeyed, reason, recipients, keyless }) => ({
      says: rekeyed
        ? `The keys of ${name}@${ordinal} are wrapped for ${counted(recipients, 'device or group', 'devices and groups')}.`
        : `${name}@${ordinal} stays as it is${reason === null ? '' : `: ${reason}`}.`,
      ...{ inForce: true, waitsFor: null, peersTold },
      warnings: keyless === 0 ? [] : [`${counted(keyless, 'device')} that may read it said no key yet`]
    }))
  }
  return (
    <FormButton label="Wrap the keys anew" title={`Wrap the keys of ${name} anew`}>
      {onDone => (
        <ActingForm verb="Wrap them" isReady act={act} onDone={onDone}>
          <Text size="sm">
            Who may read it now can open all its versions after this, and nobody else gets a key from here on.
            It touches no content. Who had a key before may have kept it: what they could read they may have
            read.
          </Text>
        </ActingForm>
      )}
    </FormButton>
  )
}
