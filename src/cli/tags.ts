/** Whom what is published is about, and its labels: the options that `publish` and `put` share. */

import { Option } from 'commander'
import { z } from 'zod'
import { label } from '../api/field.ts'
import { SUBJECTS_TAGGED_MAX, subjectId } from '../api/subject.ts'
import { AppError } from '../base/errors.ts'
import type { AdminClient } from './client.ts'

export interface Tags {
  readonly subject: readonly string[]
  readonly label: readonly string[]
}

export const tagInput = {
  subject: z.array(subjectId).max(SUBJECTS_TAGGED_MAX).default([]),
  label: z.array(label).default([])
}

export function tagOptions(): Option[] {
  const again = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value]
  return [
    new Option('--subject <id>', 'a person that it is about; may be given again').argParser(again),
    new Option('--label <label>', 'a label of the dataset; may be given again').argParser(again)
  ]
}

/** Before anything is published, so that nothing is that could not be said of it. */
export async function prepareTags(client: AdminClient, { subject, label: labels }: Tags): Promise<void> {
  if (subject.length + labels.length === 0) return
  await client.call('prepareTags', { subjects: subject, labels })
}

export async function tagPublished(
  client: AdminClient,
  of: { readonly name: string; readonly version: string },
  { subject, label: labels }: Tags
): Promise<void> {
  if (subject.length + labels.length === 0) return
  const { name, version } = of
  try {
    await client.call('tag', { name, version, subjects: subject, labels })
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    const again = `peerage subject add ${name}@${version.slice(0, 12)}, with the same --subject and --label`
    throw new AppError(
      thrown.code,
      `it is published, but not said whom it is about: ${thrown.message}; then: ${again}`,
      {
        details: thrown.details
      }
    )
  }
}
