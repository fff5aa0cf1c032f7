/**
 * The live view: one stream of server-sent events for the whole console. What it says of now is kept here, with the
 * rates of the last minutes; when it says that the ledger moved, whatever was asked is asked again.
 */

import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, use, useEffect, useState, useSyncExternalStore } from 'react'
import { whoIsSignedIn } from './client.ts'
import type { Answer } from './routes.ts'

export type Activity = Omit<Answer<'activity'>, 'peers' | 'operations'>
export type LivePeer = Answer<'activity'>['peers'][number]

export interface RateSample {
  readonly atMs: number
  readonly receive: number
  readonly send: number
}

export interface LiveState {
  readonly activity: Activity | null
  readonly peers: readonly LivePeer[]
  /** The clock of the node when it spoke last. */
  readonly asOfAtMs: number | null
  /** The clock of the node against that of this browser, its way here included. */
  readonly clockOffsetMs: number
  readonly isConnected: boolean
  /** Since when the samples are without a gap, by the clock of the node; null before it has spoken. */
  readonly sampledSinceAtMs: number | null
  readonly samples: readonly RateSample[]
}

const SAMPLES_MAX = 300
const SAMPLE_INTERVAL_MS = 1_000
/** A busy ledger moves many times a second; pages are asked again no more often than this. */
const ASK_AGAIN_MS = 2_000
const REOPEN_MS = 5_000
const NOTHING: LiveState = {
  ...{ activity: null, peers: [], asOfAtMs: null, clockOffsetMs: 0, isConnected: false },
  ...{ sampledSinceAtMs: null, samples: [] }
}

function asOf(asOfAtMs: number): Pick<LiveState, 'asOfAtMs' | 'clockOffsetMs'> {
  return { asOfAtMs, clockOffsetMs: asOfAtMs - Date.now() }
}

export class LiveView {
  #state = NOTHING
  #operations: number | undefined
  #isOpen = false
  readonly #listeners = new Set<() => void>()

  readonly state = (): LiveState => this.#state

  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Listens until the function that it answers with is called, and not while nobody looks: then sessions end. */
  listen(onLedger: () => void): () => void {
    let stop: (() => void) | undefined
    const begin = (): void => {
      stop?.()
      stop = document.hidden ? undefined : this.#open(onLedger)
    }
    begin()
    // Browsers come back by themselves after a link that broke, and not after an answer that was none.
    const again = setInterval(() => !this.#isOpen && begin(), REOPEN_MS)
    document.addEventListener('visibilitychange', begin)
    return () => {
      clearInterval(again)
      document.removeEventListener('visibilitychange', begin)
      stop?.()
      this.#set(NOTHING)
    }
  }

  #open(onLedger: () => void): () => void {
    const stream = new EventSource('/v1/live')
    let asking: ReturnType<typeof setTimeout> | undefined
    const soon = (): void => {
      asking ??= setTimeout(() => {
        asking = undefined
        onLedger()
      }, ASK_AGAIN_MS)
    }
    const on = (part: string, take: (data: never) => void): void =>
      stream.addEventListener(part, event => take(JSON.parse((event as MessageEvent<string>).data) as never))
    on('activity', (activity: Activity) => {
      const { sampledSinceAtMs } = this.#state
      this.#set({ activity, ...asOf(activity.atMs), sampledSinceAtMs: sampledSinceAtMs ?? activity.atMs })
    })
    on('peers', ({ atMs, peers }: { atMs: number; peers: LivePeer[] }) => this.#set({ peers, ...asOf(atMs) }))
    on('tick', ({ atMs }: { atMs: number }) => this.#set(asOf(atMs)))
    on('ledger', ({ operations }: { operations: number }) => {
      if (this.#operations !== undefined && this.#operations !== operations) soon()
      this.#operations = operations
    })
    this.#isOpen = true
    stream.addEventListener('open', () =>
      this.#set({ isConnected: true, sampledSinceAtMs: null, samples: [] })
    )
    stream.addEventListener('error', () => {
      this.#set({ isConnected: false })
      this.#isOpen = stream.readyState !== EventSource.CLOSED
      // A stream says nothing of why it ended: a session that is over shows the sign-in.
      void whoIsSignedIn().catch(() => undefined)
    })
    const sampler = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS)
    return () => {
      clearInterval(sampler)
      clearTimeout(asking)
      stream.close()
    }
  }

  #sample(): void {
    const { activity, isConnected, samples } = this.#state
    if (activity === null || !isConnected) return
    const { receiveBytesPerSecond: receive, sendBytesPerSecond: send } = activity
    this.#set({ samples: [...samples, { atMs: Date.now(), receive, send }].slice(-SAMPLES_MAX) })
  }

  #set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }
}

const LiveContext = createContext<LiveView>(new LiveView())

export function Live({ children }: { readonly children: ReactNode }): ReactNode {
  const client = useQueryClient()
  const [view] = useState(() => new LiveView())
  useEffect(
    () =>
      view.listen(
        () =>
          void client.invalidateQueries({
            predicate: ({ queryKey, meta }) => queryKey[0] !== 'session' && meta?.isStill !== true
          })
      ),
    [view, client]
  )
  return <LiveContext value={view}>{children}</LiveContext>
}

export function useLive(): LiveState {
  const view = use(LiveContext)
  return useSyncExternalStore(view.onChange, view.state)
}

/** What the node is doing now; null until it has said so. */
export function useActivity(): Activity | null {
  return useLive().activity
}
