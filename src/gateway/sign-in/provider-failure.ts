/**
 * What went wrong with a provider, in words for whom it concerns: a person who is refused (SIGN_IN_REFUSED), or who
 * runs the node and the provider (SIGN_IN_UNAVAILABLE). The latter is said to the person too, who can pass it on.
 */

import type * as oidc from 'openid-client'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'

/** Of the node or the provider, and not of the person. */
const ERRORS_OF_OTHERS: readonly string[] = [
  'invalid_request',
  'invalid_scope',
  'server_error',
  'temporarily_unavailable'
]
const TIMESTAMP = 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'
const COMPARISON = 'OAUTH_JWT_CLAIM_COMPARISON_FAILED'

/** What stands for no answer at all, or one of something else: a proxy, a page that says that it is down. */
const NO_ANSWER: readonly string[] = [
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR'
]

export function refused(why: string, cause?: unknown): AppError {
  return new AppError('SIGN_IN_REFUSED', why, { cause })
}

export function unavailable(why: string, cause?: unknown): AppError {
  return new AppError('SIGN_IN_UNAVAILABLE', why, { cause })
}

/** The library for the protocol, which only a node loads that has to do with a provider. */
export const loadOpenid = (): Promise<typeof oidc> => import('openid-client')

export interface FailureOf {
  readonly issuer: string
  readonly nowMs: number
}

export async function providerFailure(thrown: unknown, { issuer, nowMs }: FailureOf): Promise<AppError> {
  if (thrown instanceof AppError) return thrown
  const { AuthorizationResponseError, ClientError, ResponseBodyError, WWWAuthenticateChallengeError } =
    await loadOpenid()
  if (thrown instanceof AuthorizationResponseError || thrown instanceof ResponseBodyError)
    return toldByProvider(thrown, issuer)
  if (thrown instanceof WWWAuthenticateChallengeError) return clientRefused(issuer, thrown)
  const code = systemCodeOf(thrown)
  if (code === TIMESTAMP)
    return refused(
      `what ${issuer} says of this person is not valid at this time: by the clock of this node it is ` +
        `${new Date(nowMs).toISOString()}, and one of the two clocks is wrong; peerage doctor looks at that of the node`,
      thrown
    )
  if (code === COMPARISON)
    return refused(
      `what ${issuer} says is not for this sign-in: its ${claimOf(thrown)} is not the one that was asked for; sign in again`,
      thrown
    )
  if (thrown instanceof ClientError && !NO_ANSWER.includes(code ?? ''))
    return refused(`what ${issuer} answers does not hold: ${reasonOf(thrown)}; sign in again`, thrown)
  const isNoAnswer = thrown instanceof ClientError || messageOf(thrown) === 'fetch failed'
  if (!isNoAnswer) throw thrown
  return unavailable(
    `${issuer} does not answer as a provider does: ${reasonOf(thrown)}; try again later`,
    thrown
  )
}

function toldByProvider(
  thrown: oidc.AuthorizationResponseError | oidc.ResponseBodyError,
  issuer: string
): AppError {
  const { error, error_description: description } = thrown
  const told = description === undefined ? error : `${error}, ${description}`
  if (error === 'invalid_client' || error === 'unauthorized_client') return clientRefused(issuer, thrown)
  if (error === 'invalid_grant')
    return refused(
      `${issuer} takes this sign-in no more: it was finished already, or took too long; sign in again`,
      thrown
    )
  if (ERRORS_OF_OTHERS.includes(error))
    return unavailable(`${issuer} can not sign this person in: ${told}; ask who runs it`, thrown)
  return refused(`${issuer} did not sign this person in: ${told}`, thrown)
}

function clientRefused(issuer: string, cause: unknown): AppError {
  return unavailable(
    `${issuer} does not know this node by its client id and secret; peerage signin set gives it others`,
    cause
  )
}

/** Which claim was not as expected: the library says it in the cause of a cause. */
function claimOf(thrown: unknown): string {
  for (let cause = thrown; typeof cause === 'object' && cause !== null; cause = Reflect.get(cause, 'cause'))
    if ('claim' in cause && typeof cause.claim === 'string') return cause.claim
  return 'content'
}

/** The innermost reason: what happened is wrapped. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  return cause instanceof Error && cause.message !== '' ? reasonOf(cause) : messageOf(thrown)
}
