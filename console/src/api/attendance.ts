/**
 * Whether somebody is at the page. It asks by itself again and again, and a session that is kept by that alone would
 * not end on a screen that everybody left: what is asked while nobody does anything says so, and counts as no use.
 */

import { MINUTE_MS } from '../../../src/base/units.ts'

const AWAY_MS = MINUTE_MS
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const

export class Attendance {
  #seenAtMs: number
  #isToStay = false

  constructor(nowMs: number) {
    this.#seenAtMs = nowMs
  }

  seen(nowMs: number): void {
    this.#seenAtMs = nowMs
  }

  /**
   * A screen on a wall is there for as long as it is on: what it asks is what it is for. Until the function that it
   * answers with is called: whoever signs in there next may leave.
   */
  stay(): () => void {
    this.#isToStay = true
    return () => {
      this.#isToStay = false
    }
  }

  isAway(nowMs: number): boolean {
    return !this.#isToStay && nowMs - this.#seenAtMs >= AWAY_MS
  }

  /** Headers of what is asked now. */
  headers(nowMs: number): Readonly<Record<string, string>> {
    return this.isAway(nowMs) ? { 'peerage-unattended': '1' } : {}
  }
}

/** Whoever opens a page is there. */
export const attendance = new Attendance(performance.now())

export function watchAttendance(target: EventTarget): void {
  const seen = (): void => attendance.seen(performance.now())
  for (const sign of SIGNS) target.addEventListener(sign, seen, { capture: true, passive: true })
}
