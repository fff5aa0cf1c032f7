/** `top`: what the node is doing, live. */

import { Option } from 'commander'
import { z } from 'zod'
import type { Activity } from '../../api/activity.ts'
import { AppError } from '../../base/errors.ts'
import { SECOND_MS } from '../../base/units.ts'
import { command, type Invocation } from '../command.ts'
import { type Glyphs, NO_HISTORY, remember } from '../top/rate-history.ts'
import type { OpenScreen, Screen } from '../top/terminal-screen.ts'
import { type Look, renderSnapshot, renderTop, rowsShown, type TopState } from '../top/top-screen.ts'
import { rowCount } from '../top/top-tables.ts'
import { FIRST_VIEW, keysOf, press } from '../top/top-view.ts'

const LOOK_MS = SECOND_MS
/** Between two frames, however fast keys come. */
const FRAME_MS = 250
const SNAPSHOT_COLUMNS = 120

function glyphsOf(env: Readonly<Record<string, string | undefined>>): Glyphs {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  return /utf-?8/i.test(locale) ? 'unicode' : 'ascii'
}

/** Shows the live view until a person ends it. */
class LiveView {
  readonly #invocation: Invocation
  readonly #look: Look
  readonly #done = Promise.withResolvers<void>()
  readonly #screen: Screen
  #state: TopState
  #drawnAtMs = Number.NEGATIVE_INFINITY
  #frame: NodeJS.Timeout | undefined

  constructor(invocation: Invocation, open: OpenScreen, first: Activity) {
    const { env, monotonicMs } = invocation.context
    this.#invocation = invocation
    this.#look = { paint: invocation.paint, glyphs: glyphsOf(env) }
    const history = remember(NO_HISTORY, first)
    this.#state = { activity: first, history, view: FIRST_VIEW, note: undefined }
    this.#screen = open({
      onText: text => this.#onText(text),
      onResize: () => {
        this.#drawnAtMs = monotonicMs() - FRAME_MS
        this.#draw()
      }
    })
  }

  async run(): Promise<void> {
    const timer = setInterval(() => void this.#refresh(), LOOK_MS)
    try {
      this.#draw()
      await this.#done.promise
    } finally {
      clearInterval(timer)
      clearTimeout(this.#frame)
      this.#screen.close()
    }
  }

  async #refresh(): Promise<void> {
    try {
      const activity = await this.#invocation.client.call('activity', {})
      const history = remember(this.#state.history, activity)
      this.#state = { ...this.#state, activity, history, note: undefined }
    } catch (thrown) {
      if (!(thrown instanceof AppError)) {
        this.#done.reject(thrown)
        return
      }
      this.#state = { ...this.#state, note: `${thrown.code}: ${thrown.message}` }
    }
    this.#draw()
  }

  #onText(text: string): void {
    for (const key of keysOf(text)) {
      if (key === 'q' || key === 'interrupt') {
        this.#done.resolve()
        return
      }
      if (key === 'suspend') this.#screen.suspend()
      const all = rowCount(this.#state.activity, this.#state.view.tab)
      const shown = rowsShown(this.#state, this.#screen.size())
      this.#state = { ...this.#state, view: press(this.#state.view, key, { all, shown }) }
    }
    this.#draw()
  }

  /** Now, or when it is time for the next frame. */
  #draw(): void {
    const { monotonicMs } = this.#invocation.context
    const waitMs = this.#drawnAtMs + FRAME_MS - monotonicMs()
    if (waitMs > 0) {
      this.#frame ??= setTimeout(() => this.#draw(), waitMs)
      return
    }
    clearTimeout(this.#frame)
    this.#frame = undefined
    this.#drawnAtMs = monotonicMs()
    this.#screen.draw(renderTop(this.#state, this.#screen.size(), this.#look))
  }
}

function stateOf(activity: Activity): TopState {
  return { activity, history: remember(NO_HISTORY, activity), view: FIRST_VIEW, note: undefined }
}

/** One object each second, until it is interrupted; the last one is the result. */
async function streamJson(invocation: Invocation, first: Activity): Promise<void> {
  const interrupt = invocation.context.catchInterrupt()
  let activity = first
  while (!interrupt.aborted) {
    invocation.progress(activity, () => '')
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, LOOK_MS)
      interrupt.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
    if (!interrupt.aborted) activity = await invocation.client.call('activity', {})
  }
  invocation.streamResult(activity, () => [])
}

export const top = command({
  usage: 'top',
  summary: 'show live what the node is doing: transfers, peers, and what crosses the links between sites',
  description:
    'Keys: t, p and l show transfers, peers and links, tab the next of them; s sorts by something else; arrows and ' +
    'page keys scroll; q ends. Without a terminal it prints once what it would show. With --json it prints an object ' +
    'each second.',
  examples: ['peerage top', 'peerage top --once', 'peerage top --json | jq .progress.receiveBytesPerSecond'],
  options: [new Option('--once', 'print it once and end')],
  input: z.object({ once: z.boolean().default(false) }),
  streams: true,
  run: async (invocation, { once }) => {
    const { context, json, paint } = invocation
    const first = await invocation.client.call('activity', {})
    if (json && !once) {
      await streamJson(invocation, first)
      return undefined
    }
    if (!once && !json && context.openScreen !== undefined) {
      await new LiveView(invocation, context.openScreen, first).run()
      return undefined
    }
    if (!once) invocation.note('no terminal to show it on live: this is how it is now')
    const columns = context.stdout.columns ?? SNAPSHOT_COLUMNS
    const look = { paint, glyphs: glyphsOf(context.env) }
    invocation.streamResult(first, () => renderSnapshot(stateOf(first), columns, look))
    return undefined
  }
})
