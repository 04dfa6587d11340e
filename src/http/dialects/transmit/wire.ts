/** Between Transmit Security's shapes and the domain, and what is refused in its words. */

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type * as z from 'zod'
import type { SendInput, Sent } from '../../../domain/challenges/send.ts'
import type { Verified, VerifyInput } from '../../../domain/challenges/verify.ts'
import type { Failure } from '../../../domain/failures.ts'
import type { CustomContent } from '../../../domain/messages/message.ts'
import type { UserInput } from '../../../domain/users/manage.ts'
import { identifierOf, type User } from '../../../domain/users/user.ts'
import type { AppEnv } from '../../context.ts'
import { PROBLEMS, type Refuse, toProblem } from '../../problem.ts'
import type { createUserBody, linkAuthenticateBody, linkSendBody, otpAuthenticateBody, otpSendBody } from './schemas.ts'

type LinkSend = z.infer<typeof linkSendBody>
type OtpSend = z.infer<typeof otpSendBody>
type Authenticate = z.infer<typeof linkAuthenticateBody> | z.infer<typeof otpAuthenticateBody>
type Call = Context<AppEnv>

// --- requests -------------------------------------------------------------------------------------------------------

type FromCaller = 'recipient' | 'forUser' | 'idempotency'

const sendCommon = (body: LinkSend | OtpSend) =>
  ({
    purpose: 'sign_in',
    createUser: true,
    tellsUser: true,
    dialect: 'transmit',
    requiresId: body.generate_request_id,
    linkParam: 'code',
    locale: null,
    metadata: {},
    createdBy: null,
    client: toClient(body.client_attributes),
    match: [],
    codeChallenge: null,
    hosted: null,
  }) as const satisfies Partial<SendInput>

export const toLinkInput = (body: LinkSend): Omit<SendInput, FromCaller> => ({
  ...sendCommon(body),
  method: 'link',
  channel: body.channel === 'direct' ? 'none' : 'email',
  link: 'landing',
  redirectUri: body.redirect_uri ?? null,
  state: body.state ?? null,
  expiresIn: body.email_expiration,
  custom: customOf(body.email_content ?? null, null),
})

export const toOtpInput = (body: OtpSend): Omit<SendInput, FromCaller> => ({
  ...sendCommon(body),
  method: 'code',
  channel: body.channel === 'direct' ? 'none' : body.channel,
  link: 'landing',
  redirectUri: null,
  state: null,
  expiresIn: body.expires_in,
  approvalData: body.approval_data ?? null,
  custom:
    body.channel === 'sms'
      ? customOf(null, body.custom_sms_input ?? null)
      : customOf(body.channel === 'email' ? (body.email_content ?? null) : null, null),
})

function customOf(
  email: CustomContent['email'],
  sms: { custom_message?: string | undefined; sender_id?: string | undefined } | null,
): CustomContent | null {
  if (!email && !sms) return null
  const text = sms && { message: sms.custom_message ?? null, senderId: sms.sender_id ?? null }
  return { email, variables: {}, template: null, inline: null, text }
}

const toClient = (attributes: { user_agent?: string | undefined; ip_address?: string | undefined } | undefined) =>
  attributes ? { ip: attributes.ip_address ?? null, userAgent: attributes.user_agent ?? null } : null

export function toVerifyInput(body: Authenticate): Omit<VerifyInput, 'secret' | 'caller' | 'redemptionKey'> {
  const names = (request: Record<string, unknown> | undefined) => Object.keys(request ?? {})
  return {
    dialect: 'transmit',
    accepts: ['grant'],
    oauthClientId: null,
    codeVerifier: null,
    device: toClient(body.client_attributes),
    session: true,
    sessionId: body.session_id ?? null,
    organization: body.org_id ?? null,
    wish: {
      resource: body.resource ?? null,
      accessClaims: names(body.claims?.access_token),
      idClaims: names(body.claims?.id_token),
    },
  }
}

export function toUserInput(body: z.infer<typeof createUserBody>): UserInput {
  const { email, phone_number: phone, name, language, custom_data } = body
  return {
    ...(email ? { email } : {}),
    ...(phone ? { phone } : {}),
    externalId: body.username ?? body.external_user_id ?? null,
    firstName: name?.first_name ?? null,
    lastName: name?.last_name ?? null,
    // As a browser's Accept-Language has it: the first one counts.
    locale: /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*/.exec(language ?? '')?.[0].slice(0, 35) ?? null,
    metadata: custom_data ?? {},
  }
}

// --- answers --------------------------------------------------------------------------------------------------------

const requestId = (body: LinkSend | OtpSend, sent: Sent) =>
  body.generate_request_id ? { request_id: sent.challengeId } : {}

export const toLinkWire = (body: LinkSend, sent: Sent) => ({
  ...(body.channel === 'direct'
    ? { message: 'Magic link created', link: sent.link }
    : { message: 'Email sent successfully' }),
  ...requestId(body, sent),
})

export const toOtpWire = (body: OtpSend, sent: Sent) => ({
  message: 'OTP sent',
  ...(body.approval_data ? { approval_data: body.approval_data } : {}),
  ...(body.channel === 'direct' ? { code: sent.code } : {}),
  ...requestId(body, sent),
})

export function toTokensWire({ signedIn }: Verified) {
  if (!signedIn) throw new Error('an authentication without a session')
  const { tokens, session } = signedIn
  return {
    access_token: tokens.accessToken,
    id_token: tokens.idToken,
    refresh_token: tokens.refreshToken,
    token_type: 'Bearer',
    expires_in: tokens.expiresIn,
    session_id: session.id,
  }
}

const STATUSES = { ACTIVE: 'Active', INACTIVE: 'Disabled', PENDING: 'Pending' } as const
const dateTime = (seconds: number) => new Date(seconds * 1000).toISOString()

/** What somebody does not have is left out. */
export function toApiUser(user: User) {
  const email = identifierOf(user, 'email')
  const phone = identifierOf(user, 'phone')
  const verified = (name: string, at: number | null) => ({
    [name]: at !== null,
    ...(at === null ? {} : { verified_at: dateTime(at) }),
  })
  const name = {
    ...(user.firstName && { first_name: user.firstName }),
    ...(user.lastName && { last_name: user.lastName }),
  }
  return {
    user_id: user.id,
    ...(email && { email: { value: email.value, ...verified('email_verified', email.verifiedAt) } }),
    ...(phone && { phone_number: { value: phone.value, ...verified('phone_number_verified', phone.verifiedAt) } }),
    ...(user.externalId === null ? {} : { username: user.externalId, external_user_id: user.externalId }),
    ...(Object.keys(name).length > 0 ? { name } : {}),
    ...(user.locale === null ? {} : { language: user.locale }),
    status: STATUSES[user.status],
    custom_data: user.metadata,
    ...(user.lastSignInAt === null ? {} : { last_auth: dateTime(user.lastSignInAt) }),
    // Milliseconds, like every number of theirs that is a time.
    created_at: user.createdAt * 1000,
    updated_at: user.updatedAt * 1000,
  }
}

// --- refusals -------------------------------------------------------------------------------------------------------

const answer = (
  c: Call,
  status: number,
  errorCode: string | number,
  message: string | string[],
  more: { headers?: Record<string, string>; ts_error_code?: string } = {},
) => {
  const { headers, ...members } = more
  return c.json({ message, error_code: errorCode, ...members }, status as ContentfulStatusCode, {
    'cache-control': 'no-store',
    ...headers,
  })
}

const isOtp = (c: Call) => c.req.path.includes('/cis/v1/auth/otp/')

/** Everything that Transmit documents no code of its own for: the status as a number. */
export const transmitRefusal: Refuse = (c, code, detail, { errors, headers = {} }) => {
  const [status] = PROBLEMS[code]
  if (code === 'unauthorized') return answer(c, status, status, 'Invalid token', { headers })
  if (code === 'identifier_taken') return answer(c, status, status, detail, { headers, ts_error_code: code })
  if (code !== 'invalid_request') return answer(c, status, status, detail, { headers })
  if (isOtp(c)) return answer(c, status, 'system_invalid_input', detail, { headers })
  const messages = errors?.map(({ path, message }) => (path ? `${path}: ${message}` : message)) ?? [detail]
  return answer(c, status, status, messages, { headers })
}

const lacksContact = (failure: Failure) =>
  failure.reason === 'invalid' && failure.issues.some(({ path }) => path === 'user_id')

export function refuseLink(c: Call, failure: Failure, call: 'send' | 'authenticate'): Response {
  switch (failure.reason) {
    case 'redirect_uri_not_allowed':
      return answer(
        c,
        400,
        '400',
        failure.uri === null
          ? 'redirect_uri is missing, and the project has no default_login_redirect'
          : 'redirect_uri is not one of the allowed redirect URIs configured for this app',
      )
    case 'sign_up_disabled':
      return answer(c, 403, '403', 'Public signup is not allowed for this application')
    case 'user_inactive':
      return answer(c, 403, '403', 'User is not active')
    case 'email_domain_blocked':
      return answer(c, 403, '403', `Email domain is not allowed by ${failure.setting} of the project`)
    case 'not_a_member':
      return answer(c, 403, '403', 'User is not a member of this organization')
    case 'not_found':
      if (failure.what === 'session') return answer(c, 400, '400', 'Session not found')
      return call === 'send' ? answer(c, 404, '404', 'User not found') : answer(c, 400, '400', 'User not found')
    case 'unknown_token':
    case 'already_used':
    case 'expired':
    case 'superseded':
    case 'cancelled':
    case 'verifier_mismatch':
    case 'wrong_code':
      return answer(c, 400, '400', 'Invalid magic link code')
    case 'client_mismatch':
      return answer(c, 400, '400', 'Invalid magic link code: request_id is missing or of another link')
    case 'invalid':
      return lacksContact(failure) ? answer(c, 404, '404', 'User has no email address') : toProblem(c, failure)
    case 'unknown_challenge':
    case 'locked':
    case 'country_not_allowed':
    case 'invalid_template':
    case 'identifier_taken':
    case 'idempotency_key_reused':
    case 'too_many_sends':
    case 'delivery_failed':
      return toProblem(c, failure)
  }
}

/** One answer for whatever is wrong with a passcode, so that none says that a guess was right and only the rest was not. */
const INVALID_CREDENTIALS =
  'Invalid passcode, identifier or request_id. If a request_id was generated, it is needed beside the passcode.'

export function refuseOtp(c: Call, failure: Failure, channel: 'sms' | 'email' | 'direct' | null): Response {
  switch (failure.reason) {
    case 'wrong_code':
    case 'unknown_token':
    case 'already_used':
    case 'client_mismatch':
    case 'verifier_mismatch':
    case 'cancelled':
      return answer(c, 400, 'auth_invalid_credentials', INVALID_CREDENTIALS)
    case 'expired':
    case 'superseded':
      return answer(c, 400, 'auth_otp_passcode_expired', 'The passcode has expired. Send a new one.')
    case 'locked':
      return answer(
        c,
        403,
        'auth_locked',
        'Locked after multiple failed attempts. Send a new passcode.',
        failure.retryAfter === null ? {} : { headers: { 'retry-after': String(failure.retryAfter) } },
      )
    case 'user_inactive':
      return answer(c, 403, 'user_not_active', 'User is not active')
    case 'not_a_member':
      return answer(c, 403, 'user_not_member', 'User is not a member of this organization')
    case 'country_not_allowed':
      return answer(
        c,
        403,
        'auth_login_preferences_missing',
        failure.country === null
          ? 'Nothing is sent to numbers of no country, to premium numbers and to satellite networks'
          : `SMS to ${failure.country} is not switched on: sms.countries of the project does not list it`,
      )
    case 'email_domain_blocked':
      return answer(
        c,
        403,
        'auth_login_preferences_missing',
        `Email domain is not allowed by ${failure.setting} of the project`,
      )
    case 'not_found':
      if (failure.what === 'session') return answer(c, 400, 'system_invalid_input', 'Session not found')
      return channel === null
        ? answer(c, 400, 'auth_invalid_credentials', INVALID_CREDENTIALS)
        : answer(c, 404, 'user_not_found', 'User not found')
    case 'invalid':
      if (lacksContact(failure)) {
        return channel === 'sms'
          ? answer(c, 404, 'user_phone_number_missing', 'User has no phone number')
          : answer(c, 404, 'user_email_address_missing', 'User has no email address')
      }
      return failure.issues.some(({ path }) => path === 'channel')
        ? answer(
            c,
            400,
            'external_provider_configuration_error',
            failure.issues.map(({ message }) => message).join('; '),
          )
        : toProblem(c, failure)
    case 'redirect_uri_not_allowed':
    case 'sign_up_disabled':
    case 'unknown_challenge':
    case 'invalid_template':
    case 'identifier_taken':
    case 'idempotency_key_reused':
    case 'too_many_sends':
    case 'delivery_failed':
      return toProblem(c, failure)
  }
}
