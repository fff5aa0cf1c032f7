/** Grants as they bear on one dataset. */

import type { Answer } from '../../api/routes.ts'
import { deviceText } from '../../components/words.ts'

export type Grant = Answer<'access'>['grants'][number]
type Policy = Answer<'access'>['policies'][number]

/** Whether a grant reaches a dataset, by its name, its beginning or its labels. */
export function reaches({ scope }: Pick<Grant, 'scope'>, name: string, policy: Policy | undefined): boolean {
  switch (scope.kind) {
    case 'name':
      return scope.name === name
    case 'prefix':
      return name.startsWith(scope.prefix)
    case 'label':
      return policy?.labels.includes(scope.label) === true
    case 'all':
      return true
  }
}

/** What else a grant is of, in words. */
export function scopeText(scope: Grant['scope']): string {
  switch (scope.kind) {
    case 'name':
      return 'this dataset'
    case 'prefix':
      return `all that begins with ${scope.prefix}`
    case 'label':
      return `all with the label ${scope.label}`
    case 'all':
      return 'everything'
  }
}

export function granteeText({ grantee }: Pick<Grant, 'grantee'>): string {
  return grantee.kind === 'group' ? grantee.name : deviceText(grantee)
}

/** How the API is told of it. */
export function granteeReference({ grantee }: Pick<Grant, 'grantee'>): string {
  return grantee.kind === 'group' ? `group:${grantee.name}` : grantee.device
}
