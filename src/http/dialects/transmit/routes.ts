/** Transmit Security's backend one-time login, and the call that its samples make a user with. */

import { zValidator } from '@hono/zod-validator'
import { type Context, Hono } from 'hono'
import type * as z from 'zod'
import { send } from '../../../domain/challenges/send.ts'
import { verify } from '../../../domain/challenges/verify.ts'
import { failed } from '../../../domain/failures.ts'
import { recipientOf } from '../../../domain/sessions/tokens.ts'
import { createUser, getUser, listUsers } from '../../../domain/users/manage.ts'
import { ok } from '../../../lib/result.ts'
import type { AppEnv } from '../../context.ts'
import { idempotencyKey, idempotencyOf } from '../../idempotency.ts'
import { callerOfPath, onlyIfSpoken } from '../../middleware/dialect.ts'
import { jsonBody } from '../../middleware/json-body.ts'
import { requireScope } from '../../middleware/require-scope.ts'
import { problem, toProblem } from '../../problem.ts'
import {
  createUserBody,
  linkAuthenticateBody,
  linkSendBody,
  type Named,
  otpAuthenticateBody,
  otpSendBody,
} from './schemas.ts'
import {
  refuseLink,
  refuseOtp,
  toApiUser,
  toLinkInput,
  toLinkWire,
  toOtpInput,
  toOtpWire,
  toTokensWire,
  toUserInput,
  toVerifyInput,
} from './wire.ts'

const SEND_BYTES = 64 * 1024
const NO_STORE = { 'cache-control': 'no-store' }

type Call = Context<AppEnv>

export function transmitRoutes() {
  const app = new Hono<AppEnv>()
  app.use('/cis/v1/*', onlyIfSpoken('transmit'))

  app.post(
    '/cis/v1/users',
    requireScope('users:write'),
    callerOfPath,
    ...jsonBody(),
    bodyOf(createUserBody),
    async (c) => {
      const created = await createUser(c.var.deps, c.var.caller.project, toUserInput(c.req.valid('json')))
      return created.ok ? c.json({ result: toApiUser(created.value) }, 201, NO_STORE) : toProblem(c, created.error)
    },
  )

  app.post(
    '/cis/v1/auth/link/email/send',
    requireScope('passwordless:send'),
    callerOfPath,
    ...jsonBody(SEND_BYTES),
    bodyOf(linkSendBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      if (body.channel === 'direct' && !mayReveal(c)) return lacksReveal(c)
      const { default_login_redirect, default_registration_redirect } = caller.project.settings
      // Without an address to go to, nobody would ever bring the code.
      if (body.redirect_uri === undefined && default_login_redirect === null && default_registration_redirect === null)
        return refuseLink(c, { reason: 'redirect_uri_not_allowed', uri: null }, 'send')
      const { named } = body
      const isAddress = 'contact' in named && named.contact.kind === 'email'
      const user = isAddress ? null : await userOf(c, named)
      if (user && !user.ok) return refuseLink(c, user.error, 'send')
      const sent = await send(deps, caller.project, {
        ...toLinkInput(body),
        recipient: isAddress ? { contact: named.contact } : { userId: user?.value.id ?? '' },
        idempotency: await idempotencyOf(c, body),
      })
      return sent.ok ? c.json(toLinkWire(body, sent.value), 200, NO_STORE) : refuseLink(c, sent.error, 'send')
    },
  )

  app.post(
    '/cis/v1/auth/link/email/authenticate',
    requireScope('passwordless:verify'),
    callerOfPath,
    ...jsonBody(),
    bodyOf(linkAuthenticateBody),
    async (c) => {
      const body = c.req.valid('json')
      const verified = await verify(c.var.deps, c.var.caller.project, {
        ...toVerifyInput(body),
        ...recipientOf(c.var.caller),
        secret: { token: body.code, id: body.request_id ?? null },
        redemptionKey: idempotencyKey(c),
      })
      return verified.ok
        ? c.json(toTokensWire(verified.value), 200, NO_STORE)
        : refuseLink(c, verified.error, 'authenticate')
    },
  )

  app.post(
    '/cis/v1/auth/otp/send',
    requireScope('passwordless:send'),
    callerOfPath,
    ...jsonBody(SEND_BYTES),
    bodyOf(otpSendBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      if (body.channel === 'direct' && !mayReveal(c)) return lacksReveal(c)
      const user = await userOf(c, body.named)
      if (!user.ok) return refuseOtp(c, user.error, body.channel)
      const sent = await send(deps, caller.project, {
        ...toOtpInput(body),
        recipient: { userId: user.value.id },
        forUser: { delivery: body.delivery },
        idempotency: await idempotencyOf(c, body),
      })
      return sent.ok ? c.json(toOtpWire(body, sent.value), 200, NO_STORE) : refuseOtp(c, sent.error, body.channel)
    },
  )

  app.post(
    '/cis/v1/auth/otp/authenticate',
    requireScope('passwordless:verify'),
    callerOfPath,
    ...jsonBody(),
    bodyOf(otpAuthenticateBody),
    async (c) => {
      const body = c.req.valid('json')
      const user = await userOf(c, body.named)
      if (!user.ok) return refuseOtp(c, user.error, null)
      const verified = await verify(c.var.deps, c.var.caller.project, {
        ...toVerifyInput(body),
        ...recipientOf(c.var.caller),
        secret: { person: user.value.id, code: body.passcode, id: body.request_id ?? null },
        redemptionKey: idempotencyKey(c),
      })
      return verified.ok ? c.json(toTokensWire(verified.value), 200, NO_STORE) : refuseOtp(c, verified.error, null)
    },
  )

  return app
}

const bodyOf = <S extends z.ZodType>(schema: S) =>
  zValidator('json', schema, (result, c) => {
    if (result.success) return undefined
    const errors = result.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }))
    const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
    return problem(c as Call, 'invalid_request', detail.slice(0, 1000), { errors })
  })

const mayReveal = ({ var: { caller } }: Call) =>
  caller.scopes.includes('*') || caller.scopes.includes('passwordless:reveal')

const lacksReveal = (c: Call) => problem(c, 'insufficient_scope', 'channel direct needs the scope passwordless:reveal.')

/** Who is meant, as they are now. */
async function userOf(c: Call, named: Named) {
  const { deps, caller } = c.var
  if ('userId' in named) return getUser(deps, caller.project, named.userId)
  const filter =
    'externalId' in named
      ? { external_id: named.externalId }
      : named.contact.kind === 'email'
        ? { email: named.contact.canonical }
        : { phone: named.contact.canonical }
  const [user] = await listUsers(deps, caller.project, filter, 1, null)
  return user ? ok(user) : failed({ reason: 'not_found', what: 'user' })
}
