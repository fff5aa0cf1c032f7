/** Who is signed in, for every part of the console. */

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useState } from 'react'
import { signIn, signOut, whenSignedOut, whoIsSignedIn } from './client.ts'
import type { RouteName } from './routes.ts'
import { mayCall } from './routes.ts'
import type { Caller } from './session-terms.ts'

const KEY = ['session']
const CODE = /^#code=([\w-]{8,200})$/

interface Session {
  readonly who: Caller
  /** Whether the caller has the scope that a route asks for. */
  may(route: RouteName): boolean
  end(): Promise<void>
}

const SessionContext = createContext<Session | undefined>(undefined)

/** Of whoever is signed in; only parts within `SignedIn` ask. */
export function useSession(): Session {
  const session = use(SessionContext)
  if (session === undefined) throw new Error('nobody is signed in here')
  return session
}

/** The one-time code of `peerage console`, which leaves the address at once, so that no history keeps it. */
function takeCode(): string | undefined {
  const [, code] = CODE.exec(window.location.hash) ?? []
  if (code !== undefined) window.history.replaceState(null, '', window.location.pathname)
  return code
}

const code = takeCode()
let opening: Promise<Caller | null> | undefined

/** A code is good for one use, whatever asks twice. */
function open(): Promise<Caller | null> {
  if (code === undefined) return whoIsSignedIn()
  opening ??= signIn({ code })
  return opening.then(
    () => whoIsSignedIn(),
    async thrown => {
      // Whoever comes back with an old code may be signed in already.
      const who = await whoIsSignedIn()
      if (who === null) throw thrown
      return who
    }
  )
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
        if (client.getQueryData(KEY) != null) setEnded(true)
        client.setQueryData(KEY, null)
      }),
    [client]
  )
  if (isPending) return props.waiting
  if (data === null || data === undefined) {
    const onToken = async (token: string): Promise<void> => {
      await signIn({ token })
      client.setQueryData(KEY, await whoIsSignedIn())
      setEnded(false)
    }
    return props.signIn({ failure: error, hasEnded, onToken })
  }
  const session: Session = {
    who: data,
    may: route => mayCall(data.scopes, route),
    end: async () => {
      await signOut()
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] })
      client.setQueryData(KEY, null)
    }
  }
  return <SessionContext value={session}>{props.children}</SessionContext>
}
