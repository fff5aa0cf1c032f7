/**
 * Spans of what a node does, by the API of OpenTelemetry: it does nothing, and costs next to nothing, until
 * start-tracing.ts has set up what records them.
 *
 * What is told of a span is a closed set of words, numbers and ids. Traces go to machines outside the org, so there
 * are no names of datasets, files, devices or people in them, and of what failed there is the code, not the message.
 */

import {
  type Attributes,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace
} from '@opentelemetry/api'
import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import type { DataClass } from '../../swarm/bandwidth/policy.ts'

export type SpanName = 'publish' | 'transfer' | 'repair' | 'erasure'

export interface SpanFacts {
  readonly version?: VersionId
  readonly dataClass?: DataClass
  readonly isSealed?: boolean
  readonly files?: number
  readonly bytes?: number
  /** Of them: from the HTTP origin, and from other files of this device. */
  readonly originBytes?: number
  readonly reusedBytes?: number
  /** What a repair makes. */
  readonly part?: 'copy' | 'share'
  /** How it ended, where that is more than whether it failed. */
  readonly outcome?: 'complete' | 'stopped' | 'failed' | 'unfinished'
}

/** Enough to find it in the ledger; less than proves what is in it. */
const VERSION_DIGITS = 16
const NAMES: Readonly<Record<keyof SpanFacts, string>> = {
  version: 'peerage.version',
  dataClass: 'peerage.class',
  isSealed: 'peerage.sealed',
  files: 'peerage.files',
  bytes: 'peerage.bytes',
  originBytes: 'peerage.bytes.origin',
  reusedBytes: 'peerage.bytes.reused',
  part: 'peerage.part',
  outcome: 'peerage.outcome'
}

const tracer = trace.getTracer('peerage')

function attributesOf(facts: SpanFacts): Attributes {
  const attributes: Attributes = {}
  for (const [fact, name] of Object.entries(NAMES) as [keyof SpanFacts, string][]) {
    const value = facts[fact]
    if (value === undefined) continue
    attributes[name] = fact === 'version' ? String(value).slice(0, VERSION_DIGITS) : value
  }
  return attributes
}

function failed(span: Span, code: string): void {
  span.setAttribute('error.type', code)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** Something that begins here and ends elsewhere. */
export interface OpenSpan {
  tell(facts: SpanFacts): void
  fail(code: string): void
  end(): void
}

export function beginSpan(name: SpanName, facts: SpanFacts): OpenSpan {
  const span = tracer.startSpan(name, { attributes: attributesOf(facts) })
  return {
    tell: more => void span.setAttributes(attributesOf(more)),
    fail: code => failed(span, code),
    end: () => span.end()
  }
}

/** Does the work in a span: what it does in turn is within that. */
export async function traced<T>(
  name: SpanName,
  facts: SpanFacts,
  work: (tell: (more: SpanFacts) => void) => Promise<T>
): Promise<T> {
  return await tracer.startActiveSpan(name, { attributes: attributesOf(facts) }, async span => {
    try {
      return await work(more => void span.setAttributes(attributesOf(more)))
    } catch (thrown) {
      failed(span, thrown instanceof AppError ? thrown.code : 'fault')
      throw thrown
    } finally {
      span.end()
    }
  })
}

/** A publication; what is told of it is what became of it. */
export async function publishing<
  T extends Required<Pick<SpanFacts, 'version' | 'dataClass' | 'files' | 'bytes'>> & {
    readonly sealed: boolean
  }
>(work: () => Promise<T>): Promise<T> {
  return await traced('publish', {}, async tell => {
    const published = await work()
    const { version, dataClass, files, bytes, sealed } = published
    tell({ version, dataClass, files, bytes, isSealed: sealed })
    return published
  })
}

/** The removal of what is here of a version, which says whether all of it is gone. */
export async function erasing(version: VersionId, work: () => Promise<boolean>): Promise<boolean> {
  return await traced('erasure', { version }, async tell => {
    const isGone = await work()
    tell({ outcome: isGone ? 'complete' : 'unfinished' })
    return isGone
  })
}

export interface CallStart {
  readonly method: string
  /** The pattern of the route, with no value in it. */
  readonly pattern: string
  readonly route: string
  readonly headers: Readonly<Record<string, unknown>>
}

export interface CallSpan {
  /** Runs what is to be within it. */
  within(work: () => void): void
  end(answer: { readonly status: number; readonly outcome: 'done' | 'refused' | 'failed' }): void
}

/** A call of the API, in the trace of its caller where that names one (W3C Trace Context). */
export function beginCall({ method, pattern, route, headers }: CallStart): CallSpan {
  const from = propagation.extract(context.active(), headers)
  const attributes = { 'http.request.method': method, 'http.route': pattern, 'peerage.route': route }
  const span = tracer.startSpan(`${method} ${pattern}`, { kind: SpanKind.SERVER, attributes }, from)
  return {
    within: work => context.with(trace.setSpan(from, span), work),
    end: ({ status, outcome }) => {
      span.setAttributes({ 'http.response.status_code': status, 'peerage.outcome': outcome })
      if (status >= 500) failed(span, String(status))
      span.end()
    }
  }
}
