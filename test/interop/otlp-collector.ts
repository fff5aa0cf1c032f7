/** A collector of traces: takes OTLP over HTTP as JSON (opentelemetry-proto, ExportTraceServiceRequest). */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

interface AttributeValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  /** 64 bits are text in JSON; those who write numbers are understood. */
  readonly intValue?: string | number
  readonly doubleValue?: number
}

interface Attribute {
  readonly key: string
  readonly value: AttributeValue
}

interface RawSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly Attribute[]
  readonly status?: { readonly code?: number; readonly message?: string }
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[]
  }[]
}

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

export interface CollectedSpan extends Omit<RawSpan, 'attributes'> {
  readonly attributes: Attributes
  readonly resource: Attributes
}

function attributesOf(list: readonly Attribute[] = []): Attributes {
  return Object.fromEntries(
    list.map(({ key, value: { stringValue, boolValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? boolValue ?? (intValue === undefined ? doubleValue : Number(intValue))
    ])
  )
}

export class OtlpCollector {
  readonly spans: CollectedSpan[] = []
  /** All that came, as it came. */
  received = ''
  /** Of each request, what it was sent to and with which headers. */
  readonly requests: { readonly path: string; readonly key: unknown }[] = []
  readonly #server: Server

  constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await text(request)
      this.received += body
      this.requests.push({ path: request.url ?? '', key: request.headers['x-key'] })
      const { resourceSpans } = JSON.parse(body) as ExportRequest
      for (const { resource, scopeSpans } of resourceSpans)
        for (const { attributes, ...span } of scopeSpans.flatMap(({ spans }) => spans))
          this.spans.push({
            ...span,
            attributes: attributesOf(attributes),
            resource: attributesOf(resource.attributes)
          })
      response.setHeader('content-type', 'application/json').end('{}')
    })
  }

  /** The address that the variable of the environment names. */
  async start(): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  named(name: string): CollectedSpan[] {
    return this.spans.filter(span => span.name === name)
  }
}
