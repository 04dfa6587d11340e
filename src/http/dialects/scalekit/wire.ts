/** The domain in Scalekit's words: its answers, and its errors, which are grpc-gateway's. */

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type * as z from 'zod'
import type { Idempotency } from '../../../domain/challenges/draw.ts'
import type { SendInput, Sent } from '../../../domain/challenges/send.ts'
import type { Verified } from '../../../domain/challenges/verify.ts'
import type { Failure } from '../../../domain/failures.ts'
import { emailContact } from '../../../domain/users/contact.ts'
import type { AppEnv } from '../../context.ts'
import { presentedKey } from '../../middleware/require-scope.ts'
import { PROBLEMS, type Refuse } from '../../problem.ts'
import type { sendBody, Template } from './schemas.ts'

const NO_STORE = { 'cache-control': 'no-store' }

const TYPES = { link: 'LINK', code: 'OTP', link_and_code: 'LINK_OTP' } as const
const OUR_TEMPLATES: Record<Template, string> = { SIGNIN: 'sign_in', SIGNUP: 'sign_up' }

export function toSendInput(
  body: z.infer<typeof sendBody>,
  method: Sent['method'],
  redirectUri: string | null,
  idempotency: Idempotency | null,
): SendInput {
  const { template, state } = body
  return {
    recipient: { contact: emailContact(body.email) },
    channel: 'email',
    purpose: 'sign_in',
    method,
    createUser: true,
    redirectUri,
    link: 'direct',
    linkParam: 'link_token',
    // The link carries the token alone. What came with the send is told at verify.
    state: null,
    vendor: { template, ...(state === undefined ? {} : { state }) },
    locale: null,
    custom: {
      email: null,
      variables: body.template_variables,
      template: OUR_TEMPLATES[template],
      inline: null,
      text: null,
    },
    metadata: {},
    createdBy: null,
    expiresIn: body.expires_in,
    client: null,
    match: [],
    codeChallenge: null,
    hosted: null,
    tellsUser: true,
    idempotency,
    dialect: 'scalekit',
  }
}

export const answerSent = (c: Context<AppEnv>, { challengeId, expiresAt, ttl, method }: Sent): Response =>
  c.json(
    {
      auth_request_id: challengeId,
      // An int64, which JSON's numbers do not hold.
      expires_at: String(expiresAt),
      expires_in: ttl,
      passwordless_type: TYPES[method],
    },
    200,
    NO_STORE,
  )

export function answerVerified(c: Context<AppEnv>, { sent }: Verified): Response {
  const { state, template } = sent.vendor ?? {}
  return c.json(
    {
      email: sent.identifier?.exact,
      ...(typeof state === 'string' ? { state } : {}),
      template,
      passwordless_type: TYPES[sent.method],
    },
    200,
    NO_STORE,
  )
}

// --- errors -----------------------------------------------------------------------------------------------------------

/**
 * gRPC's number, and the HTTP status that grpc-gateway gives it. The SDKs act on three: at 16 they take their token for stale
 * and repeat the call with another, at 14 they wait and repeat it, at 8 they give up. So a wrong code is never 16, and a limit
 * never 14.
 */
const ERRORS = {
  INVALID_ARGUMENT: [3, 400],
  NOT_FOUND: [5, 404],
  PERMISSION_DENIED: [7, 403],
  RATE_LIMITED: [8, 429],
  FAILED_PRECONDITION: [9, 400],
  ABORTED: [10, 409],
  // grpc-gateway says 501 of a method that a path does not take.
  UNIMPLEMENTED: [12, 405],
  INTERNAL: [13, 500],
  UNAVAILABLE: [14, 503],
  UNAUTHENTICATED: [16, 401],
} as const
type ErrorCode = keyof typeof ERRORS
type Violation = { path: string; message: string }

export function answerError(
  c: Context<AppEnv>,
  error_code: ErrorCode,
  message: string,
  { violations = [], headers = {} }: { violations?: Violation[]; headers?: Record<string, string> } = {},
): Response {
  const [code, status] = ERRORS[error_code]
  const field_violations = violations.map(({ path, message }) => ({ field: path, description: message }))
  const info = {
    '@type': 'type.googleapis.com/scalekit.v1.errdetails.ErrorInfo',
    error_code,
    ...(violations.length === 0 ? {} : { validation_error_info: { field_violations } }),
  }
  const body = { code, message, details: [info] }
  return c.json(body, status as ContentfulStatusCode, { ...NO_STORE, ...headers })
}

export function answerInvalid(c: Context<AppEnv>, violations: Violation[]): Response {
  const says = violations.map(({ path, message }) => (path ? `${path} ${message}` : message)).join('; ')
  return answerError(c, 'INVALID_ARGUMENT', says.slice(0, 1000), { violations })
}

const BY_STATUS: Partial<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  413: 'INVALID_ARGUMENT',
  503: 'UNAVAILABLE',
}

/** What the parts that all surfaces share refuse. */
export const scalekitRefusal: Refuse = (c, code, detail, { errors = [], headers = {} }) => {
  const says = code === 'unauthorized' ? (presentedKey(c.req.raw.headers) ? 'Token invalid' : 'Token empty') : detail
  return answerError(c, BY_STATUS[PROBLEMS[code][0]] ?? 'INTERNAL', says, { violations: errors, headers })
}

export function toError(c: Context<AppEnv>, failure: Failure): Response {
  switch (failure.reason) {
    case 'invalid':
      return answerInvalid(c, failure.issues)
    case 'redirect_uri_not_allowed':
      return answerInvalid(c, [
        { path: 'magiclink_auth_uri', message: "must equal one of the project's redirect_uris character by character" },
      ])
    case 'invalid_template':
      return answerInvalid(c, [{ path: 'template', message: failure.message }])
    case 'wrong_code':
      return answerInvalid(c, [{ path: 'code', message: `is wrong; tries left: ${failure.triesLeft}` }])
    // Of all that a verify may be judged by, only this can be lacking here.
    case 'client_mismatch':
      return answerInvalid(c, [
        { path: 'auth_request_id', message: 'is required beside link_token: the setting link_requires_id' },
      ])
    case 'verifier_mismatch':
      return answerInvalid(c, [{ path: 'link_token', message: 'is bound to a code verifier' }])
    case 'sign_up_disabled':
      return answerError(c, 'PERMISSION_DENIED', 'nobody has this address, and the project allows no sign-up')
    case 'user_inactive':
      return answerError(c, 'PERMISSION_DENIED', 'the user is inactive')
    case 'not_a_member':
      return answerError(c, 'PERMISSION_DENIED', 'the user is not a member of the organization')
    case 'country_not_allowed':
      return answerError(c, 'PERMISSION_DENIED', 'the project sends nothing to this country')
    case 'email_domain_blocked':
      return answerError(c, 'PERMISSION_DENIED', `${failure.setting} of the project refuses this email domain`)
    case 'not_found':
      return answerError(c, 'NOT_FOUND', `${failure.what} not found`)
    case 'unknown_token':
    case 'unknown_challenge':
      return answerError(c, 'NOT_FOUND', 'auth request not found')
    case 'already_used':
      return answerError(c, 'FAILED_PRECONDITION', 'auth request already used')
    case 'expired':
      return answerError(c, 'FAILED_PRECONDITION', 'auth request expired')
    case 'superseded':
      return answerError(c, 'FAILED_PRECONDITION', 'auth request superseded: use the newest code or link')
    case 'cancelled':
      return answerError(c, 'FAILED_PRECONDITION', 'auth request cancelled')
    case 'identifier_taken':
    case 'idempotency_key_reused':
      return answerError(c, 'ABORTED', 'this Idempotency-Key came with another request before')
    case 'locked': {
      const { retryAfter } = failure
      return answerError(c, 'RATE_LIMITED', 'too many wrong codes: restart the flow', retryIn(retryAfter))
    }
    case 'too_many_sends': {
      const { limit, allowed, retryAfter } = failure
      const says = `${limit} allows ${allowed} mails to one address: try again in ${retryAfter} seconds`
      return answerError(c, 'RATE_LIMITED', says, retryIn(retryAfter))
    }
    case 'delivery_failed':
      return answerError(c, 'UNAVAILABLE', 'the mail could not be delivered', retryIn(60))
  }
}

const retryIn = (seconds: number | null) => (seconds === null ? {} : { headers: { 'retry-after': String(seconds) } })
