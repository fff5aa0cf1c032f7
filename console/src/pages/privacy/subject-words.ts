/** What there is about a person, in words. */

import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'
import { counted, deviceText } from '../../components/words.ts'

export type SubjectVersion = Answer<'subject'>['versions'][number]

const GONE: readonly SubjectVersion['state'][] = ['recalled', 'erased']

/** Nobody reads it any more, though it may not be deleted everywhere. */
export function isGone({ state }: Pick<SubjectVersion, 'state'>): boolean {
  return GONE.includes(state)
}

/** What is erased is only good once every device has confirmed. */
export function stateMark({
  state,
  unproved
}: Pick<SubjectVersion, 'state' | 'unproved'>): readonly [Tone, string] {
  if (!isGone({ state })) return [state === 'available' ? 'quiet' : 'warn', state]
  return unproved.length === 0 ? ['good', state] : ['warn', `${state}, ${unproved.length} not confirmed`]
}

/** Each device once, however often it is named. */
export function peopleText(
  devices: readonly { readonly device: string; readonly name: string | null }[],
  none = 'nobody'
): string {
  return [...new Set(devices.map(deviceText))].join(', ') || none
}

interface Reach {
  /** That an erasure would take. */
  readonly versions: number
  readonly devices: readonly string[]
  readonly held: number
  /** Devices of which nobody has heard that all about the person is gone. */
  readonly unproved: readonly string[]
}

/** Whom an erasure of a person, or the end of knowing the person, hits. */
export function reachOf(versions: readonly SubjectVersion[]): Reach {
  const there = versions.filter(each => !isGone(each))
  const named = (devices: readonly { readonly device: string; readonly name: string | null }[]): string[] =>
    [...new Set(devices.map(deviceText))].toSorted()
  return {
    versions: there.length,
    devices: named(there.flatMap(({ places, keepers }) => [...places, ...keepers])),
    held: there.filter(({ holds }) => holds.length > 0).length,
    unproved: named(versions.flatMap(({ unproved }) => unproved))
  }
}

export function reachText({ versions, devices, held }: Reach): string {
  const lies = devices.length === 0 ? 'no device said that it has any' : `they lie at ${devices.join(', ')}`
  const holds =
    held === 0
      ? ''
      : ` ${counted(held, 'version')} of them ${held === 1 ? 'is' : 'are'} held, and deleted when the hold ends.`
  return `${counted(versions, 'version')} ${versions === 1 ? 'is' : 'are'} there about the person; ${lies}.${holds}`
}
