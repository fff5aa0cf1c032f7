/**
 * What colours of data mean, the same on every page. Where both ways are beside each other, what is received is of one
 * family and what is sent of another. Bytes of one way are told apart by where they came from or went, the nearest in
 * the first family. How far something has come is of the first too, fuller as it is whole.
 */

export interface Colour {
  readonly light: string
  readonly dark: string
}

const FIRST = { light: '#0a766a', dark: '#54b0a3' } as const

/** Each is also `--peerage-<name>` for what is drawn by style. 3 to 1 or more on what it lies on, but
 * for `part` and `none`, which words stand beside. */
export const PALETTE = {
  receive: FIRST,
  send: { light: '#7048c6', dark: '#b197fc' },
  /** From or to devices of the same site, of other sites, and from an HTTP origin. */
  near: FIRST,
  far: { light: '#1c6fb8', dark: '#74b8f5' },
  origin: { light: '#b35309', dark: '#ffa94d' },
  /** What the device had in other files of its own. */
  reused: { light: '#75818a', dark: '#9aa8b2' },
  /** How much of something there is. */
  whole: FIRST,
  part: { light: '#7cc4b9', dark: '#2f7a70' },
  none: { light: '#e3e8eb', dark: '#323e46' }
} as const satisfies Record<string, Colour>

export type ColourName = keyof typeof PALETTE

export function colourVariable(name: ColourName): string {
  return `var(--peerage-${name})`
}

/** The variables of one scheme. */
export function paletteVariables(scheme: 'light' | 'dark'): Record<string, string> {
  return Object.fromEntries(
    Object.entries(PALETTE).map(([name, colour]) => [`--peerage-${name}`, colour[scheme]])
  )
}
