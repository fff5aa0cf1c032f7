import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { SILENT_LOG } from '../log.ts'
import { startTracing } from './start-tracing.ts'

const start = (environment: Readonly<Record<string, string>>, said: string[] = []) =>
  startTracing({
    ...{ environment, software: 'peerage/1.2.3', instance: 'ab' },
    log: { ...SILENT_LOG, warn: (_, message) => void said.push(message) }
  })

test('its libraries are loaded only where traces are asked for', async () => {
  const loaded: string[] = []
  const hooks = registerHooks({
    load: (url, context, next) => {
      loaded.push(url)
      return next(url, context)
    }
  })
  try {
    const none = await start({ OTEL_SERVICE_NAME: 'x' })
    await none.end()
    assert.equal(loaded.length, 0)
    const some = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_TRACES_SAMPLER: 'always_off'
    })
    await some.end()
    assert.ok(loaded.some(url => url.includes('/@opentelemetry/sdk-trace/')))
  } finally {
    hooks.deregister()
  }
})

test('what the environment says wrongly is in the log', async () => {
  const said: string[] = []
  const tracing = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' }, said)
  await tracing.end()
  assert.deepEqual(said, ['traces: OTEL_EXPORTER_OTLP_ENDPOINT is no URL, such as http://127.0.0.1:4318'])
})
