/** What a decoder or a check answers: a value, or a typed reason that a caller can count, show and act on. */

export interface Rejection<Reason extends string> {
  readonly ok: false
  readonly reason: Reason
  /** What was wrong, for a log; never holds bytes of the input. */
  readonly detail: string
}

export type Outcome<T, Reason extends string> = { readonly ok: true; readonly value: T } | Rejection<Reason>

export function accepted<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

export function rejected<Reason extends string>(reason: Reason, detail: string): Rejection<Reason> {
  return { ok: false, reason, detail }
}
