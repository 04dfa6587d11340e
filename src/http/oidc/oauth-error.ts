/** Failures as RFC 6749 §5.2 errors. */

import type { Context } from 'hono'
import type { Failure } from '../../domain/failures.ts'
import type { AppEnv } from '../context.ts'

type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'invalid_scope'

/** RFC 6749 §5.2 allows printable ASCII without quotes and backslashes: a caller's own names stand in some, ours have a §. */
export const describe = (text: string): string =>
  text.replaceAll('§', 'section ').replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')

export function oauthError(c: Context<AppEnv>, error: OAuthError, description: string): Response {
  const headers = { 'cache-control': 'no-store', pragma: 'no-cache' }
  const body = { error, error_description: describe(description) }
  if (error !== 'invalid_client') return c.json(body, 400, headers)
  return c.json(body, 401, {
    ...headers,
    'www-authenticate': 'Bearer realm="latchkey"',
  })
}

/** A grant that does not work is one error to the client, whatever the reason: the reasons are in the events. */
export function toOAuthError(c: Context<AppEnv>, failure: Failure): Response {
  switch (failure.reason) {
    case 'invalid':
      return failure.issues.some(({ path }) => path === 'resource')
        ? oauthError(c, 'invalid_target', "resource must be one of the project's resources")
        : oauthError(c, 'invalid_request', failure.issues.map(({ path, message }) => `${path} ${message}`).join('; '))
    case 'unknown_token':
    case 'already_used':
    case 'expired':
    case 'superseded':
    case 'cancelled':
    case 'client_mismatch':
    case 'verifier_mismatch':
    case 'user_inactive':
    case 'sign_up_disabled':
    case 'email_domain_blocked':
    case 'wrong_code':
    case 'not_a_member':
    case 'locked':
    case 'unknown_challenge':
      return oauthError(
        c,
        'invalid_grant',
        'the grant is unknown, used, expired, or was made for another client, redirect_uri or verifier',
      )
    case 'redirect_uri_not_allowed':
    case 'not_found':
    case 'identifier_taken':
    case 'idempotency_key_reused':
    case 'too_many_sends':
    case 'delivery_failed':
    case 'country_not_allowed':
    case 'invalid_template':
      return oauthError(c, 'invalid_request', 'the request cannot be answered here')
  }
}
