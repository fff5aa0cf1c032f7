import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts'
import { AppError } from '../base/errors.ts'
import { INSTANT_MS_MAX } from '../base/units.ts'
import { errorBody, fromErrorObject, toErrorObject } from './error.ts'
import { absolutePath, datasetName, versionId, versionSelector } from './field.ts'
import { pathKeys, ROUTES, type RouteName } from './routes.ts'

const ID = 'ab'.repeat(32)

describe('the table of routes', () => {
  it('names in each path only keys of the input, which are plain text', () => {
    for (const [name, route] of Object.entries(ROUTES))
      for (const key of pathKeys(route.path)) {
        const shape: Readonly<Record<string, unknown>> = route.input.shape
        assert.ok(key in shape, `${name} has no input ${key}`)
      }
  })

  it('has no two routes of one method and path', () => {
    const seen = Object.values(ROUTES).map(route => `${route.method} ${route.path}`)
    assert.equal(new Set(seen).size, seen.length)
  })

  it('refuses keys that no route has', () => {
    const inputs: Record<string, object> = {
      status: {},
      invite: { uses: 1, expiresInMs: 60_000 },
      dataset: { name: 'a' },
      retire: { name: 'a', version: null },
      publish: { path: '/a', name: 'a', dataClass: 'internal' },
      startTransfer: { name: 'a', version: '3', destination: '/d' },
      stopTransfer: { id: 'a-1', discard: true }
    }
    for (const [name, input] of Object.entries(inputs)) {
      const route = Object.entries(ROUTES).find(([known]) => known === name)?.[1]
      assert.ok(route !== undefined, name)
      assert.equal(route.input.safeParse(input).success, true, name)
      assert.equal(route.input.safeParse({ ...input, surplus: 1 }).success, false, name)
    }
  })

  it('takes times of the calendar, and whole ones', () => {
    const late = INSTANT_MS_MAX + 1
    const bad: [RouteName, string, object, unknown][] = [
      ['openRequest', 'receivedAtMs', { subject: 'a', kind: 'access' }, late],
      ['extendRequest', 'toldAtMs', { id: 'ab'.repeat(8), reason: 'a' }, late],
      ['openBreach', 'awareAtMs', { reason: 'a' }, late],
      ['setTransferDeadline', 'deadlineAtMs', { id: 'a-1' }, late],
      ['history', 'fromMs', { series: 'a' }, String(late)],
      ['audit', 'sinceMs', {}, String(late)],
      ['setLevel', 'limitMs', {}, 1.5]
    ]
    for (const [name, key, rest, value] of bad) {
      const { error } = ROUTES[name].input.safeParse({ ...rest, [key]: value })
      assert.ok(
        error?.issues.some(({ path }) => path[0] === key),
        `${name} ${key}`
      )
    }
  })

  it('bounds what an invitation may ask', () => {
    const { input } = ROUTES.invite
    for (const bad of [
      { uses: 0, expiresInMs: 60_000 },
      { uses: 1.5, expiresInMs: 60_000 },
      { uses: 10_001, expiresInMs: 60_000 },
      { uses: 1, expiresInMs: 0 },
      { uses: 1, expiresInMs: Number.POSITIVE_INFINITY },
      { uses: 1 }
    ])
      assert.equal(input.safeParse(bad).success, false, JSON.stringify(bad))
  })
})

describe('fields', () => {
  it('takes a version by number or by at least eight digits of its id', () => {
    for (const good of ['1', '42', '9999999', 'deadbeef', ID])
      assert.ok(versionSelector.safeParse(good).success)
    for (const bad of ['', '0', '01', '-1', 'latest', 'deadbee', 'DEADBEEF', `${ID}0`, '1 '])
      assert.ok(!versionSelector.safeParse(bad).success, bad)
  })

  it('takes absolute paths only, of every platform', () => {
    for (const good of ['/', '/a b', 'C:\\x', 'c:/x', '\\\\server\\share'])
      assert.ok(absolutePath.safeParse(good).success, good)
    for (const bad of ['', 'a', './a', '~/a', 'C:x', '/a\0b', `/${'a'.repeat(4096)}`])
      assert.ok(!absolutePath.safeParse(bad).success, bad)
  })

  it('takes a dataset name that can stand before an @', () => {
    for (const good of ['os-image', 'team/os-image_1.2']) assert.ok(datasetName.safeParse(good).success)
    for (const bad of ['', 'a@1', 'a b', 'a\n', 'a'.repeat(129)])
      assert.ok(!datasetName.safeParse(bad).success)
  })

  it('takes ids as lower-case hex and nothing else', () => {
    assert.equal(versionId.parse(ID), ID)
    for (const bad of [ID.toUpperCase(), ID.slice(2), `${ID}00`, 'g'.repeat(64)])
      assert.ok(!versionId.safeParse(bad).success)
  })
})

describe('errors', () => {
  it('come back from JSON as they were', () => {
    const codes = Object.keys(ERROR_CODES) as ErrorCode[]
    const details = fc.dictionary(
      fc.stringMatching(/^[a-z][A-Za-z]{0,20}$/),
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string()))
    )
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.string(), details, (code, message, values) => {
        const sent = toErrorObject(new AppError(code, message, { details: values }))
        const { error } = errorBody.parse(JSON.parse(JSON.stringify({ error: sent })))
        const back = fromErrorObject(error)
        assert.equal(back.code, code)
        assert.equal(back.message, message)
        assert.deepEqual({ ...back.details }, { ...values })
      })
    )
  })

  it('of an unknown code are not ours', () => {
    assert.ok(!errorBody.safeParse({ error: { code: 'toString', message: '', details: {} } }).success)
  })
})
