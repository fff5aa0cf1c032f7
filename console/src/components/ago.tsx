/** How long ago something was, by the clock of the node, kept up to date while it is shown. */

import { type ReactNode, useSyncExternalStore } from 'react'
import { isoTime } from '../../../src/base/words.ts'
import { useLive } from '../api/live.tsx'
import { agoText } from './words.ts'

const TICK_MS = 1_000
const tickers = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function onTick(listener: () => void): () => void {
  tickers.add(listener)
  timer ??= setInterval(() => {
    for (const tell of tickers) tell()
  }, TICK_MS)
  return () => {
    tickers.delete(listener)
    if (tickers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Rounded, so that it is the same until the next tick. */
function now(): number {
  return Math.floor(Date.now() / TICK_MS) * TICK_MS
}

/** The clock of the node, as far as this browser can tell. */
export function useNowMs(): number {
  const here = useSyncExternalStore(onTick, now)
  return here + useLive().clockOffsetMs
}

export function Ago({ atMs }: { readonly atMs: number | null }): ReactNode {
  const nowMs = useNowMs()
  if (atMs === null) return 'never'
  return (
    <time dateTime={isoTime(atMs)} title={new Date(atMs).toLocaleString()}>
      {agoText(atMs, nowMs)}
    </time>
  )
}
