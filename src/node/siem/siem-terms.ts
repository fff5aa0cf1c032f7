/** Events for who watches from outside, and the sinks that they go to: a part of service.ts. */

import type { JsonObject } from '../../audit/ocsf.ts'

export interface SinkStatus {
  readonly id: number
  readonly kind: 'http' | 'syslog' | 'file'
  readonly target: string
  readonly logs: 'own' | 'all'
  /** Events since the start of the node: that the sink has, and that retention had dropped before they were sent. */
  readonly delivered: number
  readonly skipped: number
  readonly lastDeliveredAtMs: number | null
  /** Events that it has not got yet. */
  readonly backlog: number
  readonly failure: { readonly message: string; readonly sinceMs: number; readonly attempts: number } | null
}

export interface SinkRequest {
  readonly target: string
  readonly logs: 'own' | 'all'
  readonly tokenFile: string | null
  readonly caFile: string | null
  /** From the first event that is still here; otherwise from now on. */
  readonly fromStart: boolean
  /** Of a file. */
  readonly rotateBytes: number
  readonly keep: number
}

export interface EventsRequest {
  /** What an answer before said; null for from now on, and '' for from the first that is still here. */
  readonly cursor: string | null
  readonly limit: number
  /** How long to wait for an event when there is none. */
  readonly waitMs: number
}

export interface EventsAnswer {
  /** CloudEvents 1.0, each with an event of OCSF. */
  readonly events: readonly JsonObject[]
  readonly cursor: string
  readonly skipped: number
}

export interface SiemService {
  sinks(): Promise<readonly SinkStatus[]>
  /** One with the same target is changed, and goes on where it was. Rejects with USAGE. */
  setSink(request: SinkRequest): Promise<SinkStatus>
  /** Rejects with SINK_UNKNOWN. */
  removeSink(id: number): Promise<SinkStatus>
  /** Of the log of this device, and of detection. Rejects with USAGE for what is no cursor. */
  events(request: EventsRequest): Promise<EventsAnswer>
}
