/** What a person chose to see, and how keys change it. Pure. */

export const TABS = ['transfers', 'peers', 'links'] as const
export type Tab = (typeof TABS)[number]

export const SORTS = {
  transfers: ['state', 'rate', 'name', 'done'],
  peers: ['rate', 'name', 'site', 'bytes'],
  links: ['site', 'rate', 'bytes']
} as const satisfies Record<Tab, readonly string[]>

export interface TopView {
  readonly tab: Tab
  /** Index into SORTS, by tab. */
  readonly sort: Readonly<Record<Tab, number>>
  /** First row that is shown. */
  readonly scroll: number
}

export const FIRST_VIEW: TopView = {
  tab: 'transfers',
  sort: { transfers: 0, peers: 0, links: 0 },
  scroll: 0
}

export function sortOf({ tab, sort }: TopView): string {
  return SORTS[tab][sort[tab]] ?? ''
}

const ESCAPE = '\u001b'
/** A sequence of xterm and its kin, or one character. */
const KEY = new RegExp(`${ESCAPE}\\[[0-9;]*[A-Za-z~]|${ESCAPE}O[A-Z]|[\\s\\S]`, 'gu')

const NAMES: Readonly<Record<string, string>> = {
  [`${ESCAPE}[A`]: 'up',
  [`${ESCAPE}[B`]: 'down',
  [`${ESCAPE}[C`]: 'right',
  [`${ESCAPE}[D`]: 'left',
  [`${ESCAPE}OA`]: 'up',
  [`${ESCAPE}OB`]: 'down',
  [`${ESCAPE}OC`]: 'right',
  [`${ESCAPE}OD`]: 'left',
  [`${ESCAPE}[5~`]: 'page-up',
  [`${ESCAPE}[6~`]: 'page-down',
  [`${ESCAPE}[H`]: 'home',
  [`${ESCAPE}[F`]: 'end',
  [`${ESCAPE}[1~`]: 'home',
  [`${ESCAPE}[4~`]: 'end',
  [`${ESCAPE}[Z`]: 'left',
  '\t': 'right',
  '\u0003': 'interrupt',
  '\u001a': 'suspend',
  '\u000c': 'redraw'
}

/** The keys of what a terminal sent. */
export function keysOf(text: string): string[] {
  return [...text.matchAll(KEY)].map(([key]) => NAMES[key] ?? key)
}

const CHOSEN: Readonly<Record<string, Tab>> = { t: 'transfers', p: 'peers', l: 'links' }

/** The view after a key; the same one when the key means nothing. `rows`: how many rows there are, and fit. */
export function press(
  view: TopView,
  key: string,
  rows: { readonly all: number; readonly shown: number }
): TopView {
  const tab = CHOSEN[key]
  if (tab !== undefined) return { ...view, tab, scroll: 0 }
  const last = Math.max(0, rows.all - rows.shown)
  const to = (scroll: number): TopView => ({ ...view, scroll: Math.max(0, Math.min(last, scroll)) })
  switch (key) {
    case 'right':
    case 'left': {
      const step = key === 'right' ? 1 : TABS.length - 1
      return { ...view, tab: TABS[(TABS.indexOf(view.tab) + step) % TABS.length] ?? 'transfers', scroll: 0 }
    }
    case 's': {
      const next = (view.sort[view.tab] + 1) % SORTS[view.tab].length
      return { ...view, sort: { ...view.sort, [view.tab]: next }, scroll: 0 }
    }
    case 'up':
      return to(view.scroll - 1)
    case 'down':
      return to(view.scroll + 1)
    case 'page-up':
      return to(view.scroll - rows.shown)
    case 'page-down':
      return to(view.scroll + rows.shown)
    case 'home':
      return to(0)
    case 'end':
      return to(last)
    default:
      return view
  }
}
