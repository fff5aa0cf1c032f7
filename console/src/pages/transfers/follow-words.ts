/** Follows in words. */

import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'
import { percentText } from '../../components/words.ts'

export type Follow = Answer<'follows'>['follows'][number]

const STATES: Readonly<Record<Follow['state'], readonly [Tone, string]>> = {
  waiting: ['warn', 'waits for a version that it may take'],
  fetching: ['good', 'fetches'],
  switching: ['good', 'switches'],
  hook: ['good', 'runs its hook'],
  current: ['good', 'at the newest version']
}

export function followState(follow: Pick<Follow, 'state' | 'target' | 'pinned' | 'problems'>): {
  readonly tone: Tone
  readonly says: string
} {
  const { state, target, pinned, problems } = follow
  const [tone, words] = STATES[state]
  const done =
    target === null ? '' : ` version ${target.ordinal}, ${percentText(target.haveBytes, target.totalBytes)}`
  const says = pinned === null ? `${words}${done}` : `rolled back, stays at version ${pinned}`
  return { tone: problems.length > 0 || pinned !== null ? 'warn' : tone, says }
}

export function currentText({ current }: Pick<Follow, 'current'>): string {
  return current === null ? 'has no version yet' : `is at version ${current.ordinal}`
}

export function hookText(hook: Follow['hook']): string {
  if (hook === null) return 'none'
  return hook.kind === 'shell' ? hook.command : hook.argv.join(' ')
}
