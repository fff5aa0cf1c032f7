/** Answers of the API as parts of a page: asked when shown, kept, and asked again when the ledger has moved. */

import {
  keepPreviousData,
  type Query,
  type UseQueryResult,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient
} from '@tanstack/react-query'
import { ApiError, call } from './client.ts'
import type { Answer, JsonRoute, RouteArguments } from './routes.ts'

const RETRIES_MAX = 2

const STILL = { isStill: true }

interface AskOptions<Known> {
  /** Asks again after so long, which may depend on what was answered. */
  readonly everyMs?: number | ((known: Known | undefined) => number)
  readonly isOff?: boolean
  /** Asked once, and again only by who wants it: answering costs many devices work. */
  readonly isStill?: boolean
}

/** A failure of the API is an answer; only a node that does not answer is asked again. */
export function asksAgain(failures: number, thrown: Error): boolean {
  return (
    failures < RETRIES_MAX && (!(thrown instanceof ApiError) || thrown.status === 0 || thrown.status === 503)
  )
}

export function useAnswer<Name extends JsonRoute>(
  name: Name,
  input: RouteArguments<Name>,
  { everyMs, isOff = false, isStill = false }: AskOptions<Answer<Name>> = {}
): UseQueryResult<Answer<Name>, Error> {
  return useQuery({
    ...asked(name, input, isStill),
    enabled: !isOff,
    placeholderData: keepPreviousData,
    ...(everyMs === undefined ? {} : { refetchInterval: intervalOf(everyMs) })
  }) as UseQueryResult<Answer<Name>, Error>
}

/** The same question of several things, whose answers come in the order of `inputs`. */
export function useAnswers<Name extends JsonRoute>(
  name: Name,
  inputs: readonly RouteArguments<Name>[],
  { isOff = false, isStill = false }: Pick<AskOptions<Answer<Name>>, 'isOff' | 'isStill'> = {}
): readonly UseQueryResult<Answer<Name>, Error>[] {
  return useQueries({
    queries: inputs.map(input => ({ ...asked(name, input, isStill), enabled: !isOff }))
  }) as readonly UseQueryResult<Answer<Name>, Error>[]
}

function asked<Name extends JsonRoute>(name: Name, input: RouteArguments<Name>, isStill: boolean) {
  return {
    queryKey: [name, input],
    queryFn: ({ signal }: { readonly signal: AbortSignal }) => call(name, input, signal),
    ...(isStill ? { meta: STILL, staleTime: Number.POSITIVE_INFINITY, refetchOnReconnect: false } : {})
  }
}

type Interval<Known> = number | ((query: Query<Known, Error, Known>) => number)

function intervalOf<Known>(everyMs: number | ((known: Known | undefined) => number)): Interval<Known> {
  return typeof everyMs === 'number' ? everyMs : ({ state }) => everyMs(state.data)
}

/** For what changes something: all that is shown is asked again after it. */
export function useAction<Name extends JsonRoute>(name: Name) {
  const client = useQueryClient()
  return useMutation<Answer<Name>, Error, RouteArguments<Name>>({
    mutationFn: input => call(name, input),
    onSuccess: () => void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
  })
}
