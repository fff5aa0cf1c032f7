/**
 * The admin API as an OpenAPI 3.1 document, from the same table and schemas that check each request. Every route has
 * its scope, an example that fits its schema, and the errors that it can answer with.
 */

import { z } from 'zod'
import { errorBody } from '../../api/error.ts'
import { ROUTE_NOTES } from '../../api/route-notes.ts'
import { pathKeys, ROUTES, type RouteName } from '../../api/routes.ts'
import { SCOPES } from '../../api/scope-names.ts'
import { ERROR_CODES, type ErrorCode } from '../../base/error-codes.ts'
import { httpStatusOf } from './http-status.ts'
import { exampleOf, type JsonSchema } from './schema-example.ts'

type Route = (typeof ROUTES)[RouteName]
type Json = Readonly<Record<string, unknown>>

/** What a schema takes, before defaults: so answers are described as they are sent. */
export function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}

function described(schema: z.ZodType): Json {
  const described = schemaOf(schema)
  return { schema: described, example: exampleOf(described) }
}

/** Each status with the codes that come with it. */
function errorResponses(): Json {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[]
  const byStatus = Map.groupBy(codes, httpStatusOf)
  const responses = [...byStatus].map(([status, of]): [string, Json] => {
    const [code = 'NODE_INTERNAL'] = of
    const example = {
      error: { code, message: 'what was tried, the value, the limit and what to do', details: {} }
    }
    const schema = { $ref: '#/components/schemas/Error' }
    const description = `One of ${of.toSorted().join(', ')}`
    return [`E${status}`, { description, content: { 'application/json': { schema, example } } }]
  })
  return Object.fromEntries(responses)
}

/** Statuses that any route can answer with. */
function errorReferences(responses: Json): Json {
  return Object.fromEntries(
    Object.keys(responses).map(name => [name.slice(1), { $ref: `#/components/responses/${name}` }])
  )
}

function answerOf(route: Route): Json {
  switch (route.kind) {
    case 'json':
      return { description: 'Done.', content: { 'application/json': described(route.output) } }
    case 'events':
      return {
        description: 'Lines of JSON: progress as often as it pays, then one result or error.',
        content: { 'application/x-ndjson': described(route.output) }
      }
    case 'bytes':
      return {
        description: 'A file.',
        content: { [route.contentType]: { schema: { type: 'string', format: 'binary' } } }
      }
  }
}

function operationOf(name: RouteName, errors: Json): Json {
  const route = ROUTES[name]
  const [scope, summary] = ROUTE_NOTES[name]
  const input = schemaOf(route.input)
  const properties = Object.entries((input.properties ?? {}) as Record<string, JsonSchema>)
  const required = new Set(input.required as readonly string[] | undefined)
  const inPath = new Set(pathKeys(route.path))
  const parameter =
    (place: 'path' | 'query') =>
    ([key, schema]: [string, JsonSchema]) => ({
      ...{ name: key, in: place, required: place === 'path' || required.has(key), schema },
      example: exampleOf(schema)
    })
  const rest = properties.filter(([key]) => !inPath.has(key))
  const parameters = properties.filter(([key]) => inPath.has(key)).map(parameter('path'))
  const isBody = route.method === 'POST' && rest.length > 0
  const body = {
    ...{ type: 'object', additionalProperties: false, properties: Object.fromEntries(rest) },
    required: rest.flatMap(([key]) => (required.has(key) ? key : []))
  }
  return {
    ...{ operationId: name, summary, tags: [scope], 'x-scope': scope },
    parameters: route.method === 'GET' ? [...parameters, ...rest.map(parameter('query'))] : parameters,
    ...(isBody
      ? {
          requestBody: {
            required: body.required.length > 0,
            content: { 'application/json': { schema: body, example: exampleOf(body) } }
          }
        }
      : {}),
    responses: { 200: answerOf(route), ...errors }
  }
}

/** The whole document; `software` says which version answers. */
export function openApi(software: string): Json {
  const responses = errorResponses()
  const errors = errorReferences(responses)
  const paths: Record<string, Record<string, Json>> = {}
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const { method, path } = ROUTES[name]
    const template = path.replaceAll(/:([a-z]+)/gi, '{$1}')
    paths[template] = { ...paths[template], [method.toLowerCase()]: operationOf(name, errors) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Peerage',
      version: software,
      description:
        'Sizes are in bytes, instants in milliseconds since the Unix epoch (…AtMs), durations in milliseconds (…Ms), ' +
        'rates in bytes per second, ids in lower-case hex; what is not known is null.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
    },
    tags: Object.entries(SCOPES).map(([name, description]) => ({ name, description })),
    security: [{ token: [] }],
    paths,
    components: {
      schemas: { Error: schemaOf(errorBody) },
      responses,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of `peerage token create`. The local socket asks for none.'
        }
      }
    }
  }
}
