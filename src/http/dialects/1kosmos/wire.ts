/** The domain in 1Kosmos' words: its answers, and its errors. */

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { LiveCode, SentCode } from '../../../domain/communities/access-code.ts'
import { vendorIdOf } from '../../../domain/communities/community.ts'
import type { Failure } from '../../../domain/failures.ts'
import type { Project } from '../../../domain/projects/project.ts'
import { encodeBase64 } from '../../../lib/base64.ts'
import type { AppEnv } from '../../context.ts'
import { PROBLEMS, type Refuse } from '../../problem.ts'

export const NO_STORE = { 'cache-control': 'no-store' }

/** The vendor's own texts. */
export const UNKNOWN_COMMUNITY = 'Unable to load tenant/community'
export const WRONG_LICENSE = 'Invalid or Unauthorized License'
export const NO_RECIPIENT =
  'Some exception occured while processing the request. smsTo or emailTo are required for this type of code'

export async function toCommunityInfo(project: Project, name: string, publicKey: Uint8Array) {
  return {
    tenant: { id: await vendorIdOf('tenant', project.id), tenanttag: 'latchkey' },
    community: { id: await vendorIdOf('community', project.id), name, publicKey: encodeBase64(publicKey) },
  }
}

export async function toSentWire(project: Project, { code, sent }: SentCode) {
  const { id, status } = sent.message
  const isSuppressed = status === 'none' && id !== null
  return {
    emailResult: {
      status: !isSuppressed,
      statusCode: isSuppressed ? 400 : 200,
      message: isSuppressed ? 'not sent' : 'accepted',
      error: isSuppressed ? 'the address bounced or complained before' : null,
      gatewayId: await vendorIdOf('gateway', project.id),
      gatewayName: 'Latchkey',
      resultId: sent.challengeId,
      messageId: id,
      // When it was sent first, for a call that is repeated.
      ts: sent.expiresAt - sent.ttl,
    },
    link: code,
    code,
  }
}

/** No `message` beside these: the vendor's client lays this over the answer of a redemption. */
export async function toAccessCode(project: Project, { uuid, id, record, expiresAt }: LiveCode, now: number) {
  const address = record.identifier?.exact ?? ''
  return {
    ttl_seconds: record.linkTtl,
    type: 'verification_link',
    phoneRequired: false,
    uuid,
    // Seconds that are left of it.
    ttl: Math.min(record.linkTtl, Math.max(0, expiresAt - now)),
    tenantId: await vendorIdOf('tenant', project.id),
    createdTime: Math.floor(record.mintedAt / 1000),
    id,
    communityId: await vendorIdOf('community', project.id),
    accesscodepayload: { otp_email: address, authType: 'none', invite_email: address },
    status: 'pending',
  }
}

// --- errors -----------------------------------------------------------------------------------------------------------

export const refuse = (
  c: Context,
  status: ContentfulStatusCode,
  message: string,
  headers: Record<string, string> = {},
): Response => c.json({ code: status, message }, status, { ...NO_STORE, ...headers })

/** What the parts that all surfaces share refuse. */
export const kosmosRefusal: Refuse = (c, code, detail, { headers = {} }) =>
  refuse(c, PROBLEMS[code][0] as ContentfulStatusCode, detail, headers)

export function toError(c: Context<AppEnv>, failure: Failure): Response {
  switch (failure.reason) {
    case 'invalid':
      return refuse(c, 400, describe(failure.issues))
    case 'redirect_uri_not_allowed':
      return refuse(
        c,
        400,
        "without emailTemplateB64 our own mail links to the project's default_login_redirect, and there is none: set it with PATCH /v1/project, or send a template",
      )
    case 'invalid_template':
      return refuse(c, 400, `emailTemplateB64: ${failure.message}`)
    case 'unknown_token':
    case 'unknown_challenge':
    case 'not_found':
      return refuse(c, 404, 'there is no such code in this community')
    case 'already_used':
      return refuse(c, 410, `the code was redeemed at ${new Date(failure.at).toISOString()}`)
    case 'expired':
      return refuse(c, 410, 'the code has expired')
    case 'superseded':
    case 'cancelled':
      return refuse(c, 410, 'the code was cancelled, or the user changed since it was sent')
    case 'sign_up_disabled':
      return refuse(c, 403, 'nobody has this address, and the project allows no sign-up')
    case 'user_inactive':
      return refuse(c, 403, 'the user is inactive')
    case 'email_domain_blocked':
      return refuse(c, 403, `the setting ${failure.setting} of the project refuses this domain`)
    case 'idempotency_key_reused':
      return refuse(c, 409, 'this Idempotency-Key came with another request before')
    case 'too_many_sends': {
      const { limit, allowed, retryAfter } = failure
      const says = `${limit} allows ${allowed} mails to one address: try again in ${retryAfter} seconds`
      return refuse(c, 429, says, { 'retry-after': String(retryAfter) })
    }
    case 'delivery_failed':
      return refuse(c, 503, 'the mail could not be delivered', { 'retry-after': '60' })
    // Of what other surfaces refuse, nothing is asked for here: no code is typed, no device, client or organization named.
    case 'wrong_code':
    case 'locked':
    case 'country_not_allowed':
    case 'not_a_member':
    case 'client_mismatch':
    case 'verifier_mismatch':
    case 'identifier_taken':
      return refuse(c, 403, 'the code cannot be used here')
  }
}

export const describe = (issues: { path: string; message: string }[]): string =>
  issues
    .map(({ path, message }) => (path ? `${path} ${message}` : message))
    .join('; ')
    .slice(0, 1000)
