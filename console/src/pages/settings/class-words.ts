/** What the rules of a class say, and what a change of them would do. */

import { DAY_MS } from '../../../../src/base/units.ts'
import type { Answer, RouteArguments } from '../../api/routes.ts'
import { counted, durationText } from '../../components/words.ts'

export type ClassRules = Answer<'classes'>['classes'][number]
type Changes = RouteArguments<'setClass'>['changes']

export interface ClassFields
  extends Pick<ClassRules, 'sealed' | 'holders' | 'leaves' | 'scan' | 'copies' | 'sites'> {
  /** Null for ever. */
  readonly retentionDays: number | null
}

export const HOLDERS: Readonly<Record<ClassRules['holders'], string>> = {
  members: 'every member',
  storage: 'devices with the role storage',
  readers: 'only who may read it'
}

export function classFields({ retentionMs, ...rules }: ClassRules): ClassFields {
  const { sealed, holders, leaves, scan, copies, sites } = rules
  const retentionDays = retentionMs === null ? null : retentionMs / DAY_MS
  return { sealed, holders, leaves, scan, copies, sites, retentionDays }
}

/** What differs, as the API takes it. */
export function classChanges(before: ClassRules, { retentionDays, ...after }: ClassFields): Changes {
  const differs = (['sealed', 'holders', 'leaves', 'scan', 'copies', 'sites'] as const).filter(
    rule => after[rule] !== before[rule]
  )
  const retentionMs = retentionDays === null ? null : Math.round(retentionDays * DAY_MS)
  return {
    ...Object.fromEntries(differs.map(rule => [rule, after[rule]])),
    ...(retentionMs === before.retentionMs ? {} : { retentionMs })
  }
}

/** Each change in a sentence. */
export function changeTexts({
  sealed,
  holders,
  leaves,
  scan,
  copies,
  sites,
  retentionMs
}: Changes): string[] {
  return [
    ...(sealed === undefined
      ? []
      : [
          `What is published from then on is ${sealed ? 'sealed' : 'not sealed'}; versions before stay as they are.`
        ]),
    ...(holders === undefined ? [] : [`Copies may be held by ${HOLDERS[holders]}; others let theirs go.`]),
    ...(leaves === undefined
      ? []
      : [
          leaves
            ? 'It may leave the org’s own transport.'
            : 'It may not leave the org’s own transport any more.'
        ]),
    ...(scan === undefined
      ? []
      : [scan ? 'A version is read once a scan has found it clean.' : 'Versions are read without a scan.']),
    ...(copies === undefined
      ? []
      : [`At least ${counted(copies, 'copy is', 'copies are')} kept of each version.`]),
    ...(sites === undefined ? [] : [`Copies are over ${counted(sites, 'site')} at the least.`]),
    ...(retentionMs === undefined
      ? []
      : [
          retentionMs === null
            ? 'It is kept until somebody deletes it.'
            : `It is deleted ${durationText(retentionMs)} after it was published, unless it is held.`
        ])
  ]
}

/** Who has to agree, in words. */
export function approvalText({
  needed,
  admins
}: {
  readonly needed: number
  readonly admins: number
}): string {
  return needed <= 1
    ? `It takes an admin, of whom there ${admins === 1 ? 'is 1' : `are ${admins}`}.`
    : `It takes ${needed} of ${admins} admins: it waits until as many have approved it.`
}
