/** What a device may do by a role. */

import { List } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Answer } from '../api/routes.ts'
import { counted } from './words.ts'

type Role = Answer<'roles'>['roles'][number]

export function RoleReach({ role: { types, holders, rank } }: { readonly role: Role }): ReactNode {
  return (
    <>
      <List.Item>
        {types.length === 0
          ? 'It lets a device sign nothing by itself; what it may hold or read follows from it.'
          : `With it a device may sign: ${types.join(', ')}.`}
      </List.Item>
      <List.Item>
        {counted(holders.length, 'device has', 'devices have')} it now; its rank is {rank}, and it revokes
        only what is of a higher number.
      </List.Item>
    </>
  )
}
