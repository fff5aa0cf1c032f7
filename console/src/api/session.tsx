/** Who is signed in, for every part of the console. */

import { type QueryFilters, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useState } from 'react'
import { whenSignedOut } from './client.ts'
import type { RouteName } from './routes.ts'
import { mayCall } from './routes.ts'
import type { Caller } from './session-terms.ts'
import { comeBack, leave, open, watchAddress, withToken } from './sign-in.ts'

const KEY = ['session']
const ALL_ELSE: QueryFilters = { predicate: ({ queryKey }) => queryKey[0] !== KEY[0] }

interface Session {
  readonly who: Caller
  /** Whether the caller has the scope that a route asks for. */
  may(route: RouteName): boolean
  end(): Promise<void>
  /** Proves anew who this is; rejects when the node does not know the token. */
  again(token: string): Promise<void>
}

const SessionContext = createContext<Session | undefined>(undefined)

/** Of whoever is signed in; only parts within `SignedIn` ask. */
export function useSession(): Session {
  const session = use(SessionContext)
  if (session === undefined) throw new Error('nobody is signed in here')
  return session
}

export interface SignInProps {
  readonly failure: Error | null
  /** Whoever was signed in here is so no more, and did not sign out. */
  readonly hasEnded: boolean
  readonly onToken: (token: string) => Promise<void>
}

/** Shows its children to who is signed in, and the sign-in to everybody else. */
export function SignedIn(props: {
  readonly children: ReactNode
  readonly waiting: ReactNode
  readonly signIn: (props: SignInProps) => ReactNode
}): ReactNode {
  const client = useQueryClient()
  const { data, error, isPending } = useQuery({
    ...{
      queryKey: KEY,
      queryFn: open,
      retry: false,
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: Number.POSITIVE_INFINITY
    }
  })
  const [hasEnded, setEnded] = useState(false)
  useEffect(
    () =>
      whenSignedOut(() => {
        if (client.getQueryData(KEY) == null) return
        void comeBack().then(who => {
          client.setQueryData(KEY, who)
          if (who === null) setEnded(true)
          else void client.invalidateQueries(ALL_ELSE)
        })
      }),
    [client]
  )
  useEffect(() => watchAddress(() => void client.resetQueries({ queryKey: KEY })), [client])
  const again = async (token: string): Promise<void> => {
    client.setQueryData(KEY, await withToken(token))
  }
  if (isPending) return props.waiting
  if (data === null || data === undefined) {
    const onToken = async (token: string): Promise<void> => {
      await again(token)
      setEnded(false)
    }
    return props.signIn({ failure: error, hasEnded, onToken })
  }
  const session: Session = {
    who: data,
    may: route => mayCall(data.scopes, route),
    again,
    end: async () => {
      await leave()
      client.removeQueries(ALL_ELSE)
      client.setQueryData(KEY, null)
    }
  }
  return <SessionContext value={session}>{props.children}</SessionContext>
}
