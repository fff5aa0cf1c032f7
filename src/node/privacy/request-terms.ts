/** What the node tells of requests of persons (GDPR, Art. 15 to 21), and of their clock (Art. 12(3)). */

export const REQUEST_KINDS = [
  'access',
  'erasure',
  'rectification',
  'restriction',
  'portability',
  'objection'
] as const
export type RequestKind = (typeof REQUEST_KINDS)[number]

export const REQUEST_OUTCOMES = ['fulfilled', 'refused', 'withdrawn'] as const
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number]

export const REQUEST_TEXT_CHARACTERS_MAX = 2000

export interface RequestSummary {
  readonly id: string
  readonly kind: RequestKind
  /** Null once the person is forgotten. */
  readonly subject: string | null
  readonly receivedAtMs: number
  readonly openedAtMs: number
  /** A month after it was received; three, if it was extended. */
  readonly dueAtMs: number
  readonly extended: {
    readonly atMs: number
    /** When the person was told, within the first month. */
    readonly toldAtMs: number
    readonly reason: string
  } | null
  /** `late`: closed after its time. */
  readonly state: 'open' | 'overdue' | 'closed' | 'late'
  readonly closed: {
    readonly atMs: number
    readonly outcome: RequestOutcome
    readonly reason: string | null
  } | null
}

export interface RequestReport {
  readonly request: RequestSummary
  /** What is said to be about the person now; null once it is forgotten. */
  readonly about: {
    readonly versions: number
    readonly available: number
    readonly datasets: readonly string[]
  } | null
  /** Cases in which something about the person was erased as such. */
  readonly erasures: readonly {
    readonly case: string
    readonly basis: string
    readonly atMs: number
    readonly versions: number
    /** Devices that have not confirmed that it is gone there, or keep a source. */
    readonly unproved: number
  }[]
}

export interface RequestOpening {
  readonly subject: string
  readonly kind: RequestKind
  /** Null for now. */
  readonly receivedAtMs: number | null
}

/**
 * For devices that know whom data is about; elsewhere it rejects with NOT_AUTHORISED. CASE_UNKNOWN for what is none.
 */
export interface RequestService {
  requests(): Promise<readonly RequestSummary[]>
  openRequest(of: RequestOpening): Promise<RequestSummary>
  /** By the id or its beginning, as in all that follows. */
  request(id: string): Promise<RequestReport>
  /** Once, by two months, and told to the person within the first; else USAGE. */
  extendRequest(of: {
    readonly id: string
    readonly reason: string
    readonly toldAtMs: number | null
  }): Promise<RequestSummary>
  closeRequest(of: {
    readonly id: string
    readonly outcome: RequestOutcome
    readonly reason: string | null
  }): Promise<RequestSummary>
  /** For good; one that is not closed rejects with CASE_OPEN. */
  deleteRequest(id: string): Promise<RequestSummary>
}
