/**
 * Calls of the API. The cookie of the session travels by itself; a failure is an ApiError in the words of the API. That
 * nobody is signed in is told to whoever asked to know, so that the whole console shows the sign-in.
 */

import { attendance } from './attendance.ts'
import { type Address, type Answer, addressOf, type JsonRoute, type RouteArguments } from './routes.ts'
import type { Caller } from './session-terms.ts'

const SESSION = '/session'

export class ApiError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status: number) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
  }
}

const SERVER_ERROR = 500

/** Whether it is the node that failed, or that is away, and no answer to what was asked. */
export function isOfNode(thrown: Error): boolean {
  return thrown instanceof ApiError && (thrown.status === 0 || thrown.status >= SERVER_ERROR)
}

let onSignedOut = (): void => {}

/** Called when an answer says that nobody is signed in. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener
}

export async function call<Name extends JsonRoute>(
  name: Name,
  input: RouteArguments<Name>,
  signal?: AbortSignal
): Promise<Answer<Name>> {
  return (await ask(addressOf(name, input), signal)) as Answer<Name>
}

/** Null when nobody is signed in. */
export async function whoIsSignedIn(signal?: AbortSignal): Promise<Caller | null> {
  try {
    return (await ask({ method: 'GET', url: SESSION, body: undefined }, signal)) as Caller
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.status === 401) return null
    throw thrown
  }
}

export async function signIn(by: { readonly token: string } | { readonly code: string }): Promise<Caller> {
  return (await ask({ method: 'POST', url: SESSION, body: JSON.stringify(by) })) as Caller
}

/** The provider of the org that signs people in; null where there is none. */
export async function signInProvider(): Promise<string | null> {
  const offer = await ask({ method: 'GET', url: '/sign-in/provider', body: undefined })
  return (offer as { readonly issuer: string | null }).issuer
}

export async function signOut(): Promise<void> {
  await answerOf(() => fetch(SESSION, { method: 'DELETE', credentials: 'same-origin' }))
}

async function ask({ method, url, body }: Address, signal?: AbortSignal): Promise<unknown> {
  return await answerOf(() =>
    fetch(url, {
      ...{ method, credentials: 'same-origin', cache: 'no-store', redirect: 'error' },
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : JSON_BODY),
        ...attendance.headers(performance.now())
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal })
    })
  )
}

const JSON_BODY = { 'content-type': 'application/json' }

async function answerOf(send: () => Promise<Response>): Promise<unknown> {
  let response: Response
  try {
    response = await send()
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown
    throw new ApiError('NODE_UNREACHABLE', 'the node does not answer; it may be stopping or starting', 0)
  }
  const text = await response.text()
  if (response.ok) return text === '' ? null : JSON.parse(text)
  const error = errorOf(text, response.status)
  if (error.code === 'NOT_SIGNED_IN') onSignedOut()
  throw error
}

function errorOf(text: string, status: number): ApiError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } }
    return new ApiError(error.code, error.message, status)
  } catch {
    return new ApiError('UNKNOWN', `the node answered with status ${status} and no words`, status)
  }
}
