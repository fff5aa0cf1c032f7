/**
 * Sets up OpenTelemetry where the environment asks for it (tracing-settings.ts). Its libraries are loaded only then,
 * so that nodes without traces start as fast as ever.
 */

import { context, DiagLogLevel, diag, propagation, trace } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace'
import { SECOND_MS } from '../../base/units.ts'
import type { Log } from '../log.ts'
import { type Environment, type TracingSettings, tracingWish } from './tracing-settings.ts'

/** A collector that does not answer holds up the end of the node for no longer. */
const END_MS = 2 * SECOND_MS

export interface TracingInit {
  readonly environment: Environment
  /** Name and version, as `peerage/1.2.3`. */
  readonly software: string
  /** Tells apart the nodes of a service. */
  readonly instance: string
  readonly log: Log
}

export interface Tracing {
  /** Sends what is left. */
  end(): Promise<void>
}

const NONE: Tracing = { end: async () => undefined }

export async function startTracing({ environment, software, instance, log }: TracingInit): Promise<Tracing> {
  const { settings, faults } = tracingWish(environment)
  for (const fault of faults) log.warn({}, `traces: ${fault}`)
  if (settings === undefined) return NONE
  const [sdk, { OTLPTraceExporter }, { AsyncLocalStorageContextManager }, core, resources] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/core'),
      import('@opentelemetry/resources')
    ])
  const said = (message: string): void => log.warn({}, `traces: ${message}`)
  const quiet = (): void => undefined
  const logger = { error: said, warn: said, info: quiet, debug: quiet, verbose: quiet }
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': settings.serviceName,
      'service.version': software.replace(/^.*\//, ''),
      'service.instance.id': instance,
      ...settings.resource
    }),
    sampler: samplerOf(sdk, settings.sampler),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...settings.batch })]
  })
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new core.W3CTraceContextPropagator())
  log.info({ service: settings.serviceName }, 'traces are sent')
  return {
    end: async () => {
      const patience = Promise.withResolvers<void>()
      const timer = setTimeout(patience.resolve, END_MS)
      await Promise.race([provider.shutdown().catch(thrown => said(String(thrown))), patience.promise])
      clearTimeout(timer)
      for (const each of [trace, context, propagation, diag]) each.disable()
    }
  }
}

function samplerOf(
  sdk: typeof import('@opentelemetry/sdk-trace'),
  { kind, ratio, followsParent }: TracingSettings['sampler']
): Sampler {
  const root = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio: () => new sdk.TraceIdRatioBasedSampler(ratio)
  }[kind]()
  return followsParent ? new sdk.ParentBasedSampler({ root }) : root
}
