/** The provider of the org, where people of the org sign in. */

import { useQuery } from '@tanstack/react-query'
import { signInProvider } from './client.ts'

/** The host of it; null where there is none, and until the node has said so. */
export function useProviderHost(): string | null {
  const { data: issuer } = useQuery({ queryKey: ['sign-in provider'], queryFn: signInProvider, retry: false })
  return issuer === undefined || issuer === null ? null : new URL(issuer).host
}
