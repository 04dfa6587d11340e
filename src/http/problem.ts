/** Failures as RFC 9457 problems: one exhaustive switch for the native API. */

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Failure, SendLimit } from '../domain/failures.ts'
import type { AppEnv } from './context.ts'

/** The published list of codes with their status and title. Clients switch on `code`; texts may change. */
export const PROBLEMS = {
  invalid_request: [400, 'The request is not valid'],
  redirect_uri_not_allowed: [400, 'The redirect URI is not registered'],
  wrong_code: [400, 'The code is wrong'],
  unknown_token: [400, 'The token is unknown'],
  invalid_template: [400, 'The template is not valid'],
  unauthorized: [401, 'The API key is missing or not valid'],
  insufficient_scope: [403, 'The API key lacks a scope'],
  sign_up_disabled: [403, 'Sign-up is closed'],
  user_inactive: [403, 'The user is inactive'],
  email_domain_blocked: [403, 'This email domain may not sign in'],
  client_mismatch: [403, 'This belongs to another client or device'],
  verifier_mismatch: [403, 'The code verifier is missing or wrong'],
  not_a_member: [403, 'The user is not a member of the organization'],
  country_not_allowed: [403, 'Messages to this country are not allowed'],
  not_found: [404, 'Not found'],
  unknown_challenge: [404, 'The challenge is unknown'],
  method_not_allowed: [405, 'Method not allowed'],
  already_used: [409, 'Already used'],
  identifier_taken: [409, 'The identifier is taken'],
  idempotency_key_reused: [409, 'The Idempotency-Key was used for another request'],
  expired: [410, 'Expired'],
  superseded: [410, 'Superseded by a newer one'],
  cancelled: [410, 'Cancelled'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'Unsupported media type'],
  misdirected_request: [421, 'Misdirected request'],
  locked: [423, 'Locked after too many wrong codes'],
  too_many_sends: [429, 'Too many messages to this recipient'],
  too_many_requests: [429, 'Too many requests'],
  internal: [500, 'Internal error'],
  unavailable: [503, 'Temporarily unavailable'],
  delivery_failed: [503, 'The message could not be delivered'],
} as const satisfies Record<string, readonly [number, string]>
export type ProblemCode = keyof typeof PROBLEMS

export type Issue = { path: string; message: string }
type Extras = { errors?: Issue[]; tries_left?: number; headers?: Record<string, string> }
/** How a dialect writes down what is refused: in its vendor's shape. */
export type Refuse = (c: Context<AppEnv>, code: ProblemCode, detail: string, extras: Extras) => Response

/** An answer to a body of many wrong items is not many times as large as it. */
const MAX_ISSUES = 50
const short = ({ path, message }: Issue): Issue => ({ path: path.slice(0, 300), message: message.slice(0, 500) })

export function problem(c: Context<AppEnv>, code: ProblemCode, detail: string, given: Extras = {}): Response {
  const extras = given.errors ? { ...given, errors: given.errors.slice(0, MAX_ISSUES).map(short) } : given
  if (c.var.refuse) return c.var.refuse(c, code, detail, extras)
  const [status, title] = PROBLEMS[code]
  const { headers, ...members } = extras
  const body = {
    type: `${c.var.deps?.config.issuer.origin ?? ''}/docs/errors#${code}`,
    title,
    status,
    detail,
    code,
    request_id: c.var.requestId,
    ...members,
  }
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...headers,
  })
}

/** What a developer reads: what happened, and what to do next. */
export function toProblem(c: Context<AppEnv>, failure: Failure): Response {
  switch (failure.reason) {
    case 'invalid':
      return problem(c, 'invalid_request', describeIssues(failure.issues), { errors: failure.issues })
    case 'redirect_uri_not_allowed':
      return problem(
        c,
        'redirect_uri_not_allowed',
        failure.uri === null
          ? 'A direct link needs a redirect_uri, in the request or as default_login_redirect of the project.'
          : "redirect_uri must equal one of the project's redirect_uris character by character. Add it with PATCH /v1/project.",
        { errors: [{ path: 'redirect_uri', message: 'is not registered' }] },
      )
    case 'unknown_token':
      return problem(
        c,
        'unknown_token',
        'This is not a token that this endpoint takes. Check that it was copied whole, and that it belongs to this project.',
      )
    case 'wrong_code':
      return problem(c, 'wrong_code', triesLeft(failure.triesLeft), { tries_left: failure.triesLeft })
    case 'sign_up_disabled':
      return problem(c, 'sign_up_disabled', 'No user has this address, and allow_sign_up of the project is false.')
    case 'user_inactive':
      return problem(
        c,
        'user_inactive',
        'The user is INACTIVE. PUT /v1/users/{id}/status with ACTIVE lets them in again.',
      )
    case 'email_domain_blocked':
      return problem(
        c,
        'email_domain_blocked',
        `The setting ${failure.setting} of the project refuses this domain. PATCH /v1/project changes it.`,
      )
    case 'country_not_allowed':
      return problem(
        c,
        'country_not_allowed',
        failure.country === null
          ? 'Nothing is sent to numbers of no country, to premium numbers and to satellite networks.'
          : `No SMS goes to ${failure.country}: sms.countries of the project does not list it. Add it with PATCH /v1/project: {"sms":{"countries":["${failure.country}"]}}.`,
      )
    case 'invalid_template':
      return problem(c, 'invalid_template', failure.message, {
        errors: [{ path: /^(subject|html|text)\b/.exec(failure.message)?.[1] ?? 'template', message: failure.message }],
      })
    case 'client_mismatch':
      return problem(
        c,
        'client_mismatch',
        'The client, the device or the challenge id is not the one that this was made for. Nothing was used up.',
      )
    case 'verifier_mismatch':
      return problem(
        c,
        'verifier_mismatch',
        'code_verifier must be given exactly when code_challenge was, and must match it. Nothing was used up.',
      )
    case 'not_a_member':
      return problem(
        c,
        'not_a_member',
        'The user is no member of this organization. POST /v1/organizations/{id}/members makes them one. Nothing was used up.',
      )
    case 'not_found':
      return problem(c, 'not_found', `There is no such ${failure.what} in this project.`)
    case 'unknown_challenge':
      return problem(
        c,
        'unknown_challenge',
        'There is no such challenge in this project, or it ended more than 24 hours ago.',
      )
    case 'already_used':
      return problem(c, 'already_used', `This was used at ${new Date(failure.at).toISOString()}. Send a new one.`)
    case 'identifier_taken':
      return problem(c, 'identifier_taken', `Another user has this ${failure.path}.`, {
        errors: [{ path: failure.path, message: 'belongs to another user' }],
      })
    case 'idempotency_key_reused':
      return problem(
        c,
        'idempotency_key_reused',
        'This Idempotency-Key came with another body before. Use a new key for a new request.',
      )
    case 'expired':
      return problem(c, 'expired', 'This has expired. Send a new one.')
    case 'superseded':
      return problem(c, 'superseded', 'A newer one was sent, and this no longer works. Use the newest one.')
    case 'cancelled':
      return problem(c, 'cancelled', 'This was cancelled, or the user changed since it was sent. Send a new one.')
    case 'locked':
      return problem(c, 'locked', 'Too many wrong codes. A link still works; a new code can be sent later.', {
        tries_left: 0,
        ...(failure.retryAfter === null ? {} : { headers: { 'retry-after': String(failure.retryAfter) } }),
      })
    case 'too_many_sends':
      return problem(
        c,
        'too_many_sends',
        `${failure.limit} allows ${failure.allowed} messages to ${RECIPIENTS[failure.limit]}. Try again in ${failure.retryAfter} seconds, or change it with PATCH /v1/project.`,
        {
          headers: limitHeaders(
            failure.limit.replace(/^send_limits\./, 'send-').replace('.', '-'),
            failure.allowed,
            WINDOW_SECONDS[failure.limit],
            failure.retryAfter,
          ),
        },
      )
    case 'delivery_failed':
      return problem(
        c,
        'delivery_failed',
        'Every provider refused this message for good. Its timeline at GET /v1/messages says why.',
        {
          headers: { 'retry-after': '60' },
        },
      )
  }
}

const WINDOW_SECONDS: Record<SendLimit, number> = {
  'send_limits.per_minute': 60,
  'send_limits.per_15_minutes': 900,
  'send_limits.per_day': 86_400,
  'sms.per_prefix_per_hour': 3600,
  'sms.per_day': 86_400,
}
const RECIPIENTS: Record<SendLimit, string> = {
  'send_limits.per_minute': 'one recipient',
  'send_limits.per_15_minutes': 'one recipient',
  'send_limits.per_day': 'one recipient',
  'sms.per_prefix_per_hour': 'numbers that begin alike, of which too few signed in',
  'sms.per_day': 'the whole project',
}

/** draft-ietf-httpapi-ratelimit-headers-11, and Retry-After for everyone else. */
export function limitHeaders(
  policy: string,
  quota: number,
  window: number,
  retryAfter: number,
): Record<string, string> {
  return {
    'retry-after': String(retryAfter),
    'ratelimit-policy': `"${policy}";q=${quota};w=${window}`,
    ratelimit: `"${policy}";r=0;t=${retryAfter}`,
  }
}

const triesLeft = (left: number): string =>
  left === 0
    ? 'The code is wrong, and that was the last try. A new code can be sent.'
    : `The code is wrong. ${left} more ${left === 1 ? 'try' : 'tries'}.`

const describeIssues = (issues: Issue[]): string =>
  issues
    .map(({ path, message }) => (path ? `${path}: ${message}` : message))
    .join('; ')
    .slice(0, 1000)
