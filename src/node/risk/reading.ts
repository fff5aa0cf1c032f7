/** How readings of the register are written. */

import type { MeasureId } from '../../risk/register/measures.ts'
import type { Reading } from '../../risk/risk.ts'
import type { Known, NetworkView } from './network-view.ts'

export type Readings<K extends MeasureId> = Readonly<Record<K, Reading>>

export type Said =
  | { readonly value: number; readonly detail?: string; readonly devices: readonly string[] }
  | { readonly why: string }

export const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.min(1, part / whole))

export function reading({ nowMs }: NetworkView, said: Said): Reading {
  const unsaid = { detail: null, devices: [], atMs: nowMs }
  if ('why' in said) return { ...unsaid, value: null, unknown: said.why }
  const { value, detail, devices } = said
  return { ...unsaid, value, unknown: null, detail: detail ?? null, devices }
}

/** Of a part of the view; not known where that is not. */
export function readingOf<T>(view: NetworkView, part: Known<T>, say: (value: T) => Said): Reading {
  return reading(view, part.known ? say(part.value) : { why: part.why })
}
