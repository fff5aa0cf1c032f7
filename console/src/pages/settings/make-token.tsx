/** Makes a token, which is shown once, here. */

import { Alert, Button, Checkbox, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { TOKEN_NAME_CHARACTERS_MAX } from '../../../../src/base/token-name.ts'
import { useAction } from '../../api/answers.ts'
import { onlyWatches, wallLink } from '../../api/credential.ts'
import type { Answer, Scope } from '../../api/routes.ts'
import { givableScopes, scopeWords } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { useNowMs } from '../../components/ago.tsx'
import { Copy, WholeCode } from '../../components/copy.tsx'
import { Failure } from '../../components/failure.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { dateText } from '../../components/words.ts'
import { lifeChoices } from './token-life.ts'

export function MakeToken(): ReactNode {
  return (
    <FormDialogue verb="Make a token" isFirst>
      {close => <Making onDone={close} />}
    </FormDialogue>
  )
}

function Making({ onDone }: { readonly onDone: () => void }): ReactNode {
  const [made, setMade] = useState<Answer<'createToken'> | null>(null)
  return made === null ? <Form onMade={setMade} onLeave={onDone} /> : <Made made={made} onDone={onDone} />
}

function Form(props: {
  readonly onMade: (made: Answer<'createToken'>) => void
  readonly onLeave: () => void
}): ReactNode {
  const { onMade, onLeave } = props
  const { who } = useSession()
  const nowMs = useNowMs()
  const createToken = useAction('createToken')
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<readonly Scope[]>([])
  const [life, setLife] = useState<string | null>(null)
  const choices = lifeChoices({ expiresAtMs: who.expiresAtMs, nowMs })
  const chosen = choices.find(({ value }) => value === life) ?? choices.at(0)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (chosen === undefined) return
    try {
      onMade(await createToken.mutateAsync({ name: name.trim(), scopes, lifeMs: chosen.lifeMs }))
    } catch {
      return // It is shown below.
    }
    // Nothing but what is shown keeps it.
    createToken.reset()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          description="What it is for; it stands in the audit log."
          required
          autoComplete="off"
          maxLength={TOKEN_NAME_CHARACTERS_MAX}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
        />
        <Checkbox.Group
          label="What it may do"
          description="No more than you may yourself; give it no more than it needs."
          value={[...scopes]}
          onChange={values => setScopes(values as Scope[])}
        >
          <Stack gap={8} mt="xs">
            {givableScopes(who.scopes).map(scope => (
              <Checkbox key={scope} value={scope} label={scope} description={scopeWords(scope)} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Select
          label="It lives"
          description={
            who.expiresAtMs === null
              ? undefined
              : `At most until your own sign-in ends, ${dateText(who.expiresAtMs)}. On the machine of the node, ` +
                'peerage token create makes one that lives for up to 366 days.'
          }
          data={choices.map(({ value, label }) => ({ value, label }))}
          value={chosen?.value ?? null}
          allowDeselect={false}
          onChange={setLife}
        />
        {createToken.error !== null && <Failure error={createToken.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onLeave}>
            Leave it
          </Button>
          <Button
            type="submit"
            disabled={name.trim() === '' || scopes.length === 0 || chosen === undefined}
            loading={createToken.isPending}
          >
            Make it
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function Made({
  made,
  onDone
}: {
  readonly made: Answer<'createToken'>
  readonly onDone: () => void
}): ReactNode {
  const { token, name, scopes, expiresAtMs } = made
  const isForWall = onlyWatches({ kind: 'token', scopes })
  const link = wallLink(window.location.origin, token)
  return (
    <Stack>
      <Alert variant="outline" color="teal" title={`The token ${name} is made`} role="status">
        <Text size="sm">
          It may: {scopes.join(', ')}, until {dateText(expiresAtMs)}. Copy it now: it is not shown again, and
          whoever has it may do all of that.
        </Text>
      </Alert>
      <WholeCode data-testid="token">{token}</WholeCode>
      {isForWall && (
        <Text size="sm">
          For a screen on a wall, open this address there: it signs the screen in, and stays signed in until
          the token ends.
          <WholeCode mt={4} data-testid="wall-link">
            {link}
          </WholeCode>
        </Text>
      )}
      <Group justify="flex-end">
        {isForWall && <Copy value={link} label="Copy the address" />}
        <Copy value={token} />
        <Button onClick={onDone}>I have it</Button>
      </Group>
    </Stack>
  )
}
