import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Environment, tracingWish } from './tracing-settings.ts'

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }
const wish = (environment: Environment) => tracingWish({ ...ENDPOINT, ...environment })

test('there are no traces unless somebody says where to', () => {
  for (const environment of [
    {},
    { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' },
    { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }
  ])
    assert.deepEqual(tracingWish(environment), { settings: undefined, faults: [] })
})

test('without more than an endpoint all of it is traced', () => {
  for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])
    assert.deepEqual(tracingWish({ [name]: 'https://collector:4318' }), {
      settings: {
        ...{ serviceName: 'peerage', resource: {}, batch: {} },
        sampler: { kind: 'always_on', ratio: 1, followsParent: true }
      },
      faults: []
    })
})

test('name, resource, sampler and batches are as the variables say', () => {
  const { settings, faults } = wish({
    ...{
      OTEL_SERVICE_NAME: 'peerage-berlin',
      OTEL_RESOURCE_ATTRIBUTES: 'a.b=c%20d, deployment.environment = test'
    },
    ...{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' },
    ...{
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BSP_MAX_QUEUE_SIZE: '10',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json'
    }
  })
  assert.deepEqual(faults, [])
  assert.deepEqual(settings, {
    serviceName: 'peerage-berlin',
    resource: { 'a.b': 'c d', 'deployment.environment': 'test' },
    sampler: { kind: 'traceidratio', ratio: 0.25, followsParent: true },
    batch: { scheduledDelayMillis: 100, maxQueueSize: 10 }
  })
  assert.deepEqual(wish({ OTEL_TRACES_SAMPLER: 'always_off' }).settings?.sampler, {
    ...{ kind: 'always_off', ratio: 1, followsParent: false }
  })
})

test('what can not be is said with its name, and what can be done without it is done', () => {
  for (const [environment, fault] of [
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, /OTEL_TRACES_SAMPLER is sometimes; there are always_on/],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }, /OTEL_TRACES_SAMPLER_ARG is 2/],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' }, /OTEL_RESOURCE_ATTRIBUTES has "a=%zz"/],
    [{ OTEL_RESOURCE_ATTRIBUTES: 'a' }, /which is no NAME=VALUE/],
    [{ OTEL_BSP_SCHEDULE_DELAY: '-1' }, /OTEL_BSP_SCHEDULE_DELAY is -1/]
  ] as const) {
    const { settings, faults } = wish(environment)
    assert.equal(faults.length, 1)
    assert.match(faults[0] ?? '', fault)
    assert.deepEqual([settings?.sampler.ratio, settings?.resource, settings?.batch], [1, {}, {}])
  }
  for (const [environment, fault] of [
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' }, /is no URL/],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /OTEL_EXPORTER_OTLP_PROTOCOL is grpc; there is http\/json/],
    [{ OTEL_TRACES_EXPORTER: 'jaeger' }, /OTEL_TRACES_EXPORTER is jaeger/]
  ] as const) {
    const { settings, faults } = wish(environment)
    assert.equal(settings, undefined)
    assert.match(faults.join(), fault)
  }
})
