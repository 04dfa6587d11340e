/** /v1/passwordless */

import { Hono } from 'hono'
import type * as z from 'zod'
import { cancelChallenge, challengeStatus } from '../../domain/challenges/manage.ts'
import { resend } from '../../domain/challenges/resend.ts'
import { type SendInput, type Sent, send } from '../../domain/challenges/send.ts'
import { type Verified, verify } from '../../domain/challenges/verify.ts'
import type { CustomContent } from '../../domain/messages/message.ts'
import { recipientOf } from '../../domain/sessions/tokens.ts'
import { emailContact, phoneContact } from '../../domain/users/contact.ts'
import type { AppEnv } from '../context.ts'
import { idempotencyKey, idempotencyOf } from '../idempotency.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { problem, toProblem } from '../problem.ts'
import type { sendAnswer, verifyAnswer } from './answers.ts'
import { resendBody, sendBody, verifyBody } from './passwordless-schemas.ts'
import { jsonOf } from './validate.ts'
import { toIdentifierWire, toSessionWire, toUserWire } from './wire.ts'

const SEND_BYTES = 64 * 1024
const NO_STORE = { 'cache-control': 'no-store' }

export function passwordlessApi() {
  const app = new Hono<AppEnv>()

  app.post('/send', requireScope('passwordless:send'), ...jsonBody(SEND_BYTES), jsonOf(sendBody), async (c) => {
    const { deps, caller } = c.var
    const body = c.req.valid('json')
    const channel = body.channel ?? (body.phone === undefined ? 'email' : 'sms')
    const reveals = body.reveal || channel === 'none'
    if (reveals && !caller.scopes.includes('*') && !caller.scopes.includes('passwordless:reveal')) {
      return problem(c, 'insufficient_scope', 'reveal and channel: none need the scope passwordless:reveal.')
    }
    const sent = await send(deps, caller.project, {
      recipient: toRecipient(body),
      channel,
      purpose: 'sign_in',
      method: body.method ?? caller.project.settings.method,
      createUser: body.create_user,
      redirectUri: body.redirect_uri ?? null,
      link: body.link,
      linkParam: body.link_param,
      state: body.state ?? null,
      locale: body.locale ?? null,
      custom: toCustom(body),
      metadata: body.metadata ?? {},
      createdBy: body.created_by ?? null,
      expiresIn: body.expires_in ?? null,
      client: toClient(body.client),
      match: body.match ?? [],
      codeChallenge: body.code_challenge ?? null,
      hosted: null,
      tellsUser: body.create_user,
      idempotency: await idempotencyOf(c, body),
    })
    return sent.ok ? c.json(toSentWire(sent.value, reveals, deps.now()), 201, NO_STORE) : toProblem(c, sent.error)
  })

  app.post('/resend', requireScope('passwordless:send'), ...jsonBody(SEND_BYTES), jsonOf(resendBody), async (c) => {
    const { deps, caller } = c.var
    const body = c.req.valid('json')
    const sent = await resend(deps, caller.project, body.id, await idempotencyOf(c, body))
    if (!sent.ok) return toProblem(c, sent.error)
    return c.json(toSentWire(sent.value, sent.value.channel === 'none', deps.now()), 201, NO_STORE)
  })

  app.post('/verify', requireScope('passwordless:verify'), ...jsonBody(), jsonOf(verifyBody), async (c) => {
    const { deps, caller } = c.var
    const body = c.req.valid('json')
    const names = (request: Record<string, unknown> | undefined) => Object.keys(request ?? {})
    const verified = await verify(deps, caller.project, {
      secret:
        body.token === undefined
          ? { id: body.id ?? '', code: body.code ?? '' }
          : { token: body.token, id: body.id ?? null },
      accepts: ['link', 'grant'],
      ...recipientOf(caller),
      oauthClientId: null,
      redemptionKey: idempotencyKey(c),
      codeVerifier: body.code_verifier ?? null,
      device: toClient(body.client),
      session: body.session,
      sessionId: body.session_id ?? null,
      organization: body.org_id ?? null,
      wish: {
        resource: body.resource ?? null,
        accessClaims: names(body.claims?.access_token),
        idClaims: [...names(body.claims?.id_token), ...names(body.claims?.userinfo)],
      },
    })
    return verified.ok ? c.json(toVerifiedWire(verified.value), 200, NO_STORE) : toProblem(c, verified.error)
  })

  app.get('/:id', requireScope('passwordless:verify'), async (c) => {
    const found = await challengeStatus(c.var.deps, c.var.caller.project, c.req.param('id'))
    if (!found.ok) return toProblem(c, found.error)
    const { status, method, channel, expiresAt, redeemedAt } = found.value
    const answer = { id: c.req.param('id'), status, method, channel, expires_at: expiresAt, redeemed_at: redeemedAt }
    return c.json(answer, 200, NO_STORE)
  })

  app.delete('/:id', requireScope('passwordless:send'), async (c) => {
    const cancelled = await cancelChallenge(c.var.deps, c.var.caller.project, c.req.param('id'))
    return cancelled.ok ? c.body(null, 204) : toProblem(c, cancelled.error)
  })

  return app
}

export const toClient = (client: { ip?: string | undefined; user_agent?: string | undefined } | undefined) =>
  client ? { ip: client.ip ?? null, userAgent: client.user_agent ?? null } : null

function toSentWire(sent: Sent, reveals: boolean, nowMs: number): z.infer<typeof sendAnswer> {
  return {
    id: sent.challengeId,
    method: sent.method,
    channel: sent.channel,
    ...(sent.user
      ? { user_id: sent.user.id, user_created: sent.user.created, identifier_id: sent.user.identifierId }
      : {}),
    expires_at: sent.expiresAt,
    expires_in: sent.expiresAt - Math.floor(nowMs / 1000),
    code_expires_at: sent.codeExpiresAt,
    resend_at: sent.resendAt,
    message: sent.message,
    ...(reveals ? { link: sent.link, code: sent.code } : {}),
  }
}

function toVerifiedWire({ signedIn, ...verified }: Verified): z.infer<typeof verifyAnswer> {
  return {
    user: toUserWire(verified.user),
    identifier: verified.identifier && toIdentifierWire(verified.identifier),
    state: verified.state,
    method: verified.method,
    challenge_id: verified.challengeId,
    metadata: verified.metadata,
    ...(signedIn
      ? {
          session: toSessionWire(signedIn.session),
          access_token: signedIn.tokens.accessToken,
          id_token: signedIn.tokens.idToken,
          refresh_token: signedIn.tokens.refreshToken,
          token_type: 'Bearer',
          expires_in: signedIn.tokens.expiresIn,
          session_id: signedIn.session.id,
        }
      : {}),
  }
}

function toRecipient({ email, phone, user_id }: z.infer<typeof sendBody>): SendInput['recipient'] {
  if (user_id !== undefined) return { userId: user_id }
  if (email !== undefined) return { contact: emailContact(email) }
  // The schema has made sure that there is one of the three.
  if (phone === undefined) throw new Error('a send without a recipient')
  return { contact: phoneContact(phone) }
}

function toCustom({ email_content, template, template_variables }: z.infer<typeof sendBody>): CustomContent | null {
  if (!email_content && !template && !template_variables) return null
  return {
    email: email_content ?? null,
    variables: template_variables ?? {},
    template: template ?? null,
    inline: null,
    text: null,
  }
}
