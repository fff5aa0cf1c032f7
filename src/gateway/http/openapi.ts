/**
 * The admin API as an OpenAPI 3.1 document, from the same table and schemas that check each request. Every route has
 * its scope, an example that fits its schema, and the errors that it can answer with.
 */

import { z } from 'zod'
import { errorBody } from '../../api/error.ts'
import { FRESH_MS, FRESH_ROUTES } from '../../api/fresh-routes.ts'
import { ROUTE_NOTES } from '../../api/route-notes.ts'
import { pathKeys, ROUTES, type RouteName } from '../../api/routes.ts'
import { SESSION_PATH, session, sessionRequest } from '../../api/session.ts'
import { signInOffer } from '../../api/sign-in.ts'
import { ERROR_CODES, type ErrorCode } from '../../base/error-codes.ts'
import { SCOPES } from '../../base/scopes.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { httpStatusOf } from './http-status.ts'
import { exampleOf, type JsonSchema } from './schema-example.ts'

const FRESH = `From a browser it takes a sign-in of the last ${FRESH_MS / MINUTE_MS} minutes; who shows a token with the call needs none.`

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
    ...(FRESH_ROUTES.has(name) ? { description: FRESH } : {}),
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

/** Files of versions, which is no route of the table: its answers are what was published (content-routes.ts). */
function contentOperation(errors: Json): Json {
  const text = { type: 'string' }
  const parameter = (name: string, place: string, description: string, example: string) => ({
    ...{ name, in: place, required: place === 'path', schema: text, description, example }
  })
  const file = {
    description: 'The file.',
    content: { '*/*': { schema: { type: 'string', format: 'binary' } } }
  }
  return {
    ...{ operationId: 'content', summary: 'A file or folder of a version.', tags: ['content'] },
    'x-scope': 'content',
    parameters: [
      parameter('name', 'path', 'NAME or NAME@VERSION, with a slash written %2F', 'team%2Ffilms@3'),
      parameter(
        'path',
        'path',
        'The path in the version, with slashes; of a folder it ends in one',
        'a/b.webm'
      ),
      parameter('download', 'query', 'Whatever its value: attach the file', '1'),
      parameter('list', 'query', 'json: list the folder as JSON, not as a page', 'json'),
      parameter('range', 'header', 'The part to send (RFC 9110)', 'bytes=0-99')
    ],
    responses: {
      200: file,
      206: { ...file, description: 'The part that was asked for.' },
      304: { description: 'It is the file that the caller has.' },
      307: { description: 'A link leads elsewhere in the version.' },
      308: { description: 'A folder has its address with a slash at the end.' },
      412: { description: 'A condition of the caller does not hold.' },
      416: { description: 'The file has none of the bytes that were asked for.' },
      ...errors
    }
  }
}

/** Sessions of browsers, likewise no routes of the table: a matter of cookies (session-routes.ts). */
function sessionOperations(errors: Json): Record<string, Json> {
  const signed = { description: 'Who is signed in.', content: { 'application/json': described(session) } }
  const schema = schemaOf(sessionRequest)
  const example = { token: `pgt_0123456789ab_${'A'.repeat(43)}` }
  const of = (operationId: string, summary: string) => ({ operationId, summary, tags: ['read'] })
  return {
    post: {
      ...of('beginSession', 'Signs a browser in: sets the cookie of a session.'),
      security: [],
      requestBody: { required: true, content: { 'application/json': { schema, example } } },
      responses: { 200: signed, ...errors }
    },
    get: { ...of('session', 'Who is signed in, and until when.'), responses: { 200: signed, ...errors } },
    delete: {
      ...of('endSession', 'Signs a browser out.'),
      responses: { 204: { description: 'Done.' }, ...errors }
    }
  }
}

/** Where browsers sign in by a provider, open to strangers (sign-in-routes.ts). */
function signInPaths(errors: Json): Record<string, Record<string, Json>> {
  const sent = { 303: { description: 'Go on there.' }, ...errors }
  const offer = {
    description: 'The provider, if there is one.',
    content: { 'application/json': described(signInOffer) }
  }
  const of = (operationId: string, summary: string) => ({
    operationId,
    summary,
    tags: ['read'],
    security: []
  })
  return {
    '/sign-in/provider': {
      get: {
        ...of('signInProvider', 'Which provider signs people in.'),
        responses: { 200: offer, ...errors }
      }
    },
    '/sign-in/begin': { get: { ...of('beginSignIn', 'Sends a browser to the provider.'), responses: sent } },
    '/sign-in/callback': {
      get: { ...of('endSignIn', 'Where the provider sends it back, to get a session.'), responses: sent }
    }
  }
}

/** How things are as they change, as server-sent events (live-routes.ts). */
function liveOperation(errors: Json): Json {
  const example = 'id: lq2x-7\nevent: ledger\ndata: {"atMs":1800000000000,"operations":312}\n\n'
  const content = { 'text/event-stream': { schema: { type: 'string' }, example } }
  const description =
    'Events with an id: `activity` (that route without its peers), `peers`, `ledger` (how many operations are known) ' +
    'and `tick`, each with `atMs`; a part is told when it changed, and all at first. With Last-Event-ID: what was missed.'
  return {
    ...{
      operationId: 'live',
      summary: 'How things are, as they change.',
      tags: ['watch'],
      'x-scope': 'watch'
    },
    parameters: [
      {
        ...{ name: 'last-event-id', in: 'header', required: false, schema: { type: 'string' } },
        ...{ description: 'The last event that was heard', example: 'lq2x-6' }
      }
    ],
    responses: { 200: { description, content }, ...errors }
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
  paths['/v1/live'] = { get: liveOperation(errors) }
  paths['/content/{name}/{path}'] = { get: contentOperation(errors) }
  paths[SESSION_PATH] = sessionOperations(errors)
  Object.assign(paths, signInPaths(errors))
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
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: { Error: schemaOf(errorBody) },
      responses,
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-peerage',
          description: 'What POST /session sets, for pages of the node itself.'
        },
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of `peerage token create`. The local socket asks for none.'
        }
      }
    }
  }
}
