/** What is refused, in Streambird's shape: `{ status_code, error_type, error_message }`, whatever goes wrong. */

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Failure } from '../../../domain/failures.ts'
import type { AppEnv } from '../../context.ts'
import { PROBLEMS, type Refuse, toProblem } from '../../problem.ts'

/**
 * The one list of `error_type`. `invalid_magic_token` is documented; the others are ours. Statuses are those that its SDKs have
 * a class for, where one fits: a secret that is of no use is 400 whatever became of it.
 */
const ERRORS = {
  invalid_redirect_url: 400,
  missing_redirect_url: 400,
  invalid_magic_token: 400,
  magic_token_already_used: 400,
  magic_token_expired: 400,
  magic_token_revoked: 400,
  invalid_otp: 400,
  otp_already_used: 400,
  otp_expired: 400,
  otp_revoked: 400,
  otp_locked: 400,
  device_fingerprint_mismatch: 400,
  user_not_found: 404,
  session_not_found: 404,
  method_not_found: 404,
  request_not_found: 404,
} as const
type ErrorType = keyof typeof ERRORS

type Call = Context<AppEnv>

function answer(
  c: Call,
  status_code: number,
  error_type: string,
  error_message: string,
  headers: Record<string, string> = {},
): Response {
  return c.json({ status_code, error_type, error_message }, status_code as ContentfulStatusCode, {
    'cache-control': 'no-store',
    ...headers,
  })
}

const error = (c: Call, type: ErrorType, message: string) => answer(c, ERRORS[type], type, message)

/** Everything that has no name of its own above: the native API's code, its status and its sentence. */
export const streambirdRefusal: Refuse = (c, code, detail, { headers = {} }) =>
  answer(c, PROBLEMS[code][0], code, detail, headers)

const NOT_FOUND: Record<string, ErrorType> = {
  user: 'user_not_found',
  session: 'session_not_found',
  method: 'method_not_found',
}

/** @param secret what the call was about: a link's token or a passcode */
export function refuse(c: Call, failure: Failure, secret: 'token' | 'otp'): Response {
  const isToken = secret === 'token'
  switch (failure.reason) {
    case 'redirect_uri_not_allowed':
      return failure.uri === null
        ? error(
            c,
            'missing_redirect_url',
            'No redirect URL was sent, and the project has no default: PATCH /v1/project sets default_login_redirect and default_registration_redirect.',
          )
        : error(
            c,
            'invalid_redirect_url',
            "The redirect URL must equal one of the project's redirect_uris character by character. Add it with PATCH /v1/project.",
          )
    case 'unknown_token':
    case 'verifier_mismatch':
      return isToken
        ? error(c, 'invalid_magic_token', 'Invalid magic link format, magic link missing or invalid.')
        : error(c, 'invalid_otp', 'The OTP is not one of this method_id. Send a new one.')
    case 'wrong_code':
      return error(c, 'invalid_otp', `The OTP is wrong. Tries left: ${failure.triesLeft}.`)
    case 'already_used':
      return isToken
        ? error(c, 'magic_token_already_used', 'The magic link was used already. Send a new one.')
        : error(c, 'otp_already_used', 'The OTP was used already. Send a new one.')
    case 'expired':
      return isToken
        ? error(c, 'magic_token_expired', 'The magic link has expired. Send a new one.')
        : error(c, 'otp_expired', 'The OTP has expired. Send a new one.')
    case 'superseded':
    case 'cancelled':
      return isToken
        ? error(c, 'magic_token_revoked', 'The magic link ended: a newer one was sent, or the user changed since.')
        : error(c, 'otp_revoked', 'The OTP ended: a newer one was sent, or the user changed since.')
    case 'client_mismatch':
      return error(
        c,
        'device_fingerprint_mismatch',
        'device_fingerprint differs from the one that was given when this was sent, or request_origin_token is missing where the project has link_requires_id. Nothing was used up.',
      )
    case 'locked':
      return failure.retryAfter === null
        ? error(c, 'otp_locked', 'Too many wrong OTPs. Send a new one.')
        : answer(c, 429, 'otp_locked', 'Too many wrong OTPs for this address. A magic link still works.', {
            'retry-after': String(failure.retryAfter),
          })
    case 'not_found': {
      const type = NOT_FOUND[failure.what]
      return type ? error(c, type, `There is no such ${failure.what} in this project.`) : toProblem(c, failure)
    }
    case 'unknown_challenge':
      return error(c, 'request_not_found', 'request_origin_token and email_id are of no magic link of this project.')
    case 'invalid':
    case 'sign_up_disabled':
    case 'user_inactive':
    case 'email_domain_blocked':
    case 'country_not_allowed':
    case 'invalid_template':
    case 'not_a_member':
    case 'identifier_taken':
    case 'idempotency_key_reused':
    case 'too_many_sends':
    case 'delivery_failed':
      return toProblem(c, failure)
  }
}
