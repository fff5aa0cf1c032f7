/**
 * What the environment says about traces, by the names that OpenTelemetry gives its variables. Where the exporter
 * goes, with which headers and certificates, its own library reads (OTEL_EXPORTER_OTLP_…); here is whether, of what,
 * and how much.
 */

export type Environment = Readonly<Record<string, string | undefined>>

const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const
export type SamplerKind = (typeof SAMPLERS)[number]

export interface TracingSettings {
  readonly serviceName: string
  readonly resource: Readonly<Record<string, string>>
  readonly sampler: { readonly kind: SamplerKind; readonly ratio: number; readonly followsParent: boolean }
  readonly batch: {
    readonly scheduledDelayMillis?: number
    readonly maxQueueSize?: number
    readonly maxExportBatchSize?: number
    readonly exportTimeoutMillis?: number
  }
}

export interface TracingWish {
  /** Undefined for no traces. */
  readonly settings: TracingSettings | undefined
  /** What is not as it can be, in sentences. */
  readonly faults: readonly string[]
}

const OFF: TracingWish = { settings: undefined, faults: [] }

export function tracingWish(environment: Environment): TracingWish {
  const value = (name: string): string | undefined => environment[name]?.trim() || undefined
  const endpoint = value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? value('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (endpoint === undefined || value('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return OFF
  const exporter = value('OTEL_TRACES_EXPORTER') ?? 'otlp'
  if (exporter === 'none') return OFF
  if (exporter !== 'otlp') return off(`OTEL_TRACES_EXPORTER is ${exporter}; there are otlp and none`)
  const protocol =
    value('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? value('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/json'
  if (protocol !== 'http/json')
    return off(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${protocol}; there is http/json, which collectors take on port 4318`
    )
  if (!URL.canParse(endpoint))
    return off('OTEL_EXPORTER_OTLP_ENDPOINT is no URL, such as http://127.0.0.1:4318')
  const faults: string[] = []
  const settings: TracingSettings = {
    serviceName: value('OTEL_SERVICE_NAME') ?? 'peerage',
    resource: resourceOf(value('OTEL_RESOURCE_ATTRIBUTES'), faults),
    sampler: samplerOf(value('OTEL_TRACES_SAMPLER'), value('OTEL_TRACES_SAMPLER_ARG'), faults),
    batch: batchOf(value, faults)
  }
  return { settings, faults }
}

function off(fault: string): TracingWish {
  return { settings: undefined, faults: [fault] }
}

function resourceOf(text: string | undefined, faults: string[]): Record<string, string> {
  const pairs: [string, string][] = []
  for (const pair of text?.split(',') ?? []) {
    const [name = '', value] = pair.split('=', 2).map(part => part.trim())
    const decoded = value === undefined ? undefined : percentDecoded(value)
    if (name !== '' && decoded !== undefined) pairs.push([name, decoded])
    else
      faults.push(
        `OTEL_RESOURCE_ATTRIBUTES has ${JSON.stringify(pair)}, which is no NAME=VALUE; it is left out`
      )
  }
  return Object.fromEntries(pairs)
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function samplerOf(
  name: string | undefined,
  argument: string | undefined,
  faults: string[]
): TracingSettings['sampler'] {
  const all = { kind: 'always_on', ratio: 1, followsParent: true } as const
  if (name === undefined) return all
  const followsParent = name.startsWith('parentbased_')
  const kind = SAMPLERS.find(each => each === name.replace(/^parentbased_/, ''))
  if (kind === undefined) {
    faults.push(
      `OTEL_TRACES_SAMPLER is ${name}; there are ${SAMPLERS.join(', ')}, each with parentbased_ too`
    )
    return all
  }
  const ratio = argument === undefined ? 1 : Number(argument)
  if (kind !== 'traceidratio' || (ratio >= 0 && ratio <= 1)) return { kind, ratio, followsParent }
  faults.push(`OTEL_TRACES_SAMPLER_ARG is ${argument}; a ratio is from 0 to 1, and 1 is taken`)
  return { kind, ratio: 1, followsParent }
}

function batchOf(value: (name: string) => string | undefined, faults: string[]): TracingSettings['batch'] {
  const names = {
    scheduledDelayMillis: 'OTEL_BSP_SCHEDULE_DELAY',
    maxQueueSize: 'OTEL_BSP_MAX_QUEUE_SIZE',
    maxExportBatchSize: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    exportTimeoutMillis: 'OTEL_BSP_EXPORT_TIMEOUT'
  }
  const batch: Record<string, number> = {}
  for (const [key, name] of Object.entries(names)) {
    const text = value(name)
    if (text === undefined) continue
    if (/^[1-9]\d{0,8}$/.test(text)) batch[key] = Number(text)
    else faults.push(`${name} is ${text}, which is no whole number above 0; the default is taken`)
  }
  return batch
}
