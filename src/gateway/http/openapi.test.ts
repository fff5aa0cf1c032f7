import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { ROUTES } from '../../api/routes.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { openApi, schemaOf } from './openapi.ts'
import { exampleOf } from './schema-example.ts'

test('the document is valid OpenAPI 3.1, and every reference in it leads somewhere', async () => {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(openApi('1.2.3')))
  assert.equal(valid, true, JSON.stringify(errors))
  assert.equal(validator.version, '3.1')
  assert.doesNotThrow(() => validator.resolveRefs())
})

test('every route is in it, under its method and path, with a scope and a sentence', () => {
  const { paths } = openApi('1.2.3') as {
    paths: Record<string, Record<string, { operationId: string; summary: string; 'x-scope': string }>>
  }
  const described = Object.values(paths).flatMap(methods => Object.values(methods))
  const operations = [
    ...Object.keys(ROUTES),
    ...[
      'content',
      'live',
      'beginSession',
      'session',
      'endSession',
      'signInProvider',
      'beginSignIn',
      'endSignIn'
    ]
  ]
  assert.deepEqual(described.map(({ operationId }) => operationId).sort(), operations.sort())
  for (const { operationId, summary } of described) assert.match(summary, /^[A-Z].*\.$/, operationId)
})

test('what is shown as an example is taken by the schema that checks requests and answers', () => {
  for (const [name, route] of Object.entries(ROUTES)) {
    const schemas = route.kind === 'bytes' ? [route.input] : [route.input, route.output]
    for (const schema of schemas) {
      const parsed = schema.safeParse(exampleOf(schemaOf(schema)))
      assert.ok(parsed.success, `${name}: ${parsed.error?.message}`)
    }
  }
})

test('every code of an error is listed under exactly one status', () => {
  const { components } = openApi('1.2.3') as {
    components: { responses: Record<string, { description: string }> }
  }
  const listed = Object.values(components.responses).flatMap(({ description }) =>
    description.replace('One of ', '').split(', ')
  )
  assert.deepEqual(listed.sort(), Object.keys(ERROR_CODES).sort())
})

test('an example follows references, the first choice that is not null, and bounds', () => {
  const tree = {
    type: 'object',
    properties: {
      kind: { const: 'leaf' },
      size: { type: 'integer', exclusiveMinimum: 7 },
      share: { type: 'number', minimum: 0, maximum: 0.5 },
      of: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/Name' }] },
      pair: { type: 'array', prefixItems: [{ enum: ['a', 'b'] }, { type: 'boolean' }] },
      many: { type: 'array', minItems: 2, items: { type: 'string' } }
    },
    $defs: { Name: { type: 'string', examples: ['os'] } }
  }
  assert.deepEqual(exampleOf(tree), {
    ...{ kind: 'leaf', size: 8, share: 0.5, of: 'os', pair: ['a', false], many: ['text', 'text'] }
  })
})
