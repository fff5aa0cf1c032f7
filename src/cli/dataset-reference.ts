/** NAME or NAME@VERSION, as people type it. */

import { z } from 'zod'
import { datasetName, versionSelector } from '../api/field.ts'

export interface DatasetReference {
  readonly name: string
  readonly version: string | null
}

export const datasetReference = z.string().transform((text, context): DatasetReference => {
  const at = text.indexOf('@')
  const name = datasetName.safeParse(at < 0 ? text : text.slice(0, at))
  const version = at < 0 ? null : versionSelector.safeParse(text.slice(at + 1))
  if (name.success && (version === null || version.success))
    return { name: name.data, version: version === null ? null : version.data }
  context.addIssue({
    code: 'custom',
    message: 'write NAME, or NAME@VERSION with the number of the version or at least eight digits of its id'
  })
  return z.NEVER
})

export function referenceText({ name, version }: DatasetReference): string {
  return version === null ? name : `${name}@${version}`
}
