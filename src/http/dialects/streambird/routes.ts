/** Streambird's API, as far as signing in without a password goes: magic links, one-time passcodes, sessions, users. */

import { zValidator } from '@hono/zod-validator'
import { type Context, Hono } from 'hono'
import type * as z from 'zod'
import { isAllowedRedirect } from '../../../domain/challenges/links.ts'
import { loginStatus } from '../../../domain/challenges/login-status.ts'
import { parseOriginToken } from '../../../domain/challenges/origin-token.ts'
import { send } from '../../../domain/challenges/send.ts'
import { verify } from '../../../domain/challenges/verify.ts'
import type { Failure } from '../../../domain/failures.ts'
import { shownSession, useSession } from '../../../domain/sessions/keep.ts'
import { endSession, listSessions } from '../../../domain/sessions/revoke.ts'
import { recipientOf } from '../../../domain/sessions/tokens.ts'
import {
  changeUser,
  createUser,
  findOrCreateUser,
  findUser,
  getUser,
  getUserOfIdentifier,
  removeUser,
  searchUsers,
} from '../../../domain/users/manage.ts'
import { isId } from '../../../lib/ids.ts'
import { ok, type Result } from '../../../lib/result.ts'
import type { AppEnv } from '../../context.ts'
import { idempotencyKey, idempotencyOf } from '../../idempotency.ts'
import { callerOfPath, onlyIfSpoken } from '../../middleware/dialect.ts'
import { jsonBody } from '../../middleware/json-body.ts'
import { requireScope } from '../../middleware/require-scope.ts'
import { problem } from '../../problem.ts'
import { refuse } from './refusals.ts'
import {
  createLinkBody,
  createUserBody,
  deleteSessionBody,
  inviteBody,
  listSessionsQuery,
  loginOrCreateBody,
  loginStatusBody,
  searchUsersBody,
  sendOtpBody,
  updateUserBody,
  verifyLinkBody,
  verifyOtpBody,
  verifySessionBody,
} from './schemas.ts'
import {
  toChangedWire,
  toCreatedWire,
  toInviteInput,
  toInviteWire,
  toLinkInput,
  toLinkWire,
  toLoginInput,
  toLoginWire,
  toNewUser,
  toOtpInput,
  toOtpSentWire,
  toOtpWire,
  toSession,
  toSessionParts,
  toStatusWire,
  toUser,
  toUserChange,
  toVerifiedWire,
  toVerifyInput,
} from './wire.ts'

const SEND_BYTES = 64 * 1024
const NO_STORE = { 'cache-control': 'no-store' }
/** Sessions that are told at once; their list has no pages. */
const MAX_SESSIONS = 100

type Call = Context<AppEnv>

export function streambirdRoutes() {
  const app = new Hono<AppEnv>()
  app.use('/v1/auth/*', onlyIfSpoken('streambird'))
  app.route('/v1/auth/magic_links', magicLinks())
  app.route('/v1/auth/otps', otps())
  app.route('/v1/auth/sessions', sessions())
  app.route('/v1/auth/users', users())
  return app
}

function magicLinks() {
  const app = new Hono<AppEnv>()

  app.post(
    '/email/login_or_create',
    requireScope('passwordless:send'),
    callerOfPath,
    ...jsonBody(SEND_BYTES),
    bodyOf(loginOrCreateBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      // Both, so that a wrong one shows before the first registration needs it.
      const wrong = wrongRedirect(c, body.login_redirect_url, body.registration_redirect_url)
      if (wrong) return refuse(c, wrong, 'token')
      const known = await findUser(deps, caller.project, { kind: 'email', canonical: body.email.canonical })
      const sent = await send(deps, caller.project, {
        ...toLoginInput(body, known === null),
        idempotency: await idempotencyOf(c, body),
      })
      return sent.ok
        ? c.json(await toLoginWire(deps, caller.project, sent.value), 200, NO_STORE)
        : refuse(c, sent.error, 'token')
    },
  )

  app.post(
    '/email/invite',
    requireScope('passwordless:send'),
    callerOfPath,
    ...jsonBody(SEND_BYTES),
    bodyOf(inviteBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const sent = await send(deps, caller.project, {
        ...toInviteInput(body),
        idempotency: await idempotencyOf(c, body),
      })
      return sent.ok
        ? c.json(await toInviteWire(deps, caller.project, sent.value), 200, NO_STORE)
        : refuse(c, sent.error, 'token')
    },
  )

  app.post(
    '/create',
    requireScope('passwordless:reveal'),
    callerOfPath,
    ...jsonBody(SEND_BYTES),
    bodyOf(createLinkBody),
    async (c) => {
      const { deps, caller } = c.var
      const { project } = caller
      const body = c.req.valid('json')
      const named = body.user_id === undefined ? body.email : undefined
      const owner = named && (await findUser(deps, project, { kind: 'email', canonical: named.canonical }))
      if (named && !owner) return refuse(c, { reason: 'not_found', what: 'user' }, 'token')
      const userId = owner?.id ?? body.user_id ?? ''
      const sent = await send(deps, project, {
        ...toLinkInput(body, userId),
        idempotency: await idempotencyOf(c, body),
      })
      if (!sent.ok) return refuse(c, sent.error, 'token')
      const emailId = owner?.identifiers.find(({ kind }) => kind === 'email')?.id ?? null
      return c.json(await toLinkWire(deps, project, sent.value, userId, emailId), 200, NO_STORE)
    },
  )

  app.post(
    '/email/login_status',
    requireScope('passwordless:verify'),
    callerOfPath,
    ...jsonBody(),
    bodyOf(loginStatusBody),
    async (c) => {
      const { deps, caller } = c.var
      const { email_id, request_origin_token } = c.req.valid('json')
      const status = await loginStatus(deps, caller.project, {
        identifierId: email_id,
        originToken: request_origin_token,
        dialect: 'streambird',
      })
      return status.ok
        ? c.json(await toStatusWire(deps, caller.project, status.value), 200, NO_STORE)
        : refuse(c, status.error, 'token')
    },
  )

  app.post(
    '/verify',
    requireScope('passwordless:verify'),
    callerOfPath,
    ...jsonBody(),
    bodyOf(verifyLinkBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const extended = await extendedBy(c, body)
      if (!extended.ok) return refuse(c, extended.error, 'token')
      const origin = body.request_origin_token
      const id = origin === undefined ? null : await parseOriginToken(deps.keys, caller.project.id, origin)
      if (origin !== undefined && id === null) return refuse(c, { reason: 'unknown_token' }, 'token')
      const verified = await verify(deps, caller.project, {
        ...toVerifyInput(body, extended.value),
        ...recipientOf(caller),
        secret: { token: body.token, id },
        redemptionKey: idempotencyKey(c),
      })
      return verified.ok
        ? c.json(await toVerifiedWire(deps, caller.project, verified.value), 200, NO_STORE)
        : refuse(c, verified.error, 'token')
    },
  )

  return app
}

function otps() {
  const app = new Hono<AppEnv>()

  app.post(
    '/email/login_or_create',
    requireScope('passwordless:send'),
    callerOfPath,
    ...jsonBody(SEND_BYTES),
    bodyOf(sendOtpBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const status = body.requires_verification ? 'PENDING' : 'ACTIVE'
      const found = await findOrCreateUser(deps, caller.project, body.email, { status })
      if (!found.ok) return refuse(c, found.error, 'otp')
      const { user, isNew } = found.value
      const sent = await send(deps, caller.project, {
        ...toOtpInput(body, { id: user.id, isNew }),
        idempotency: await idempotencyOf(c, body),
      })
      return sent.ok ? c.json(toOtpWire(sent.value), 200, NO_STORE) : refuse(c, sent.error, 'otp')
    },
  )

  app.post(
    '/email/send',
    requireScope('passwordless:send'),
    callerOfPath,
    ...jsonBody(SEND_BYTES),
    bodyOf(sendOtpBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const user = await findUser(deps, caller.project, { kind: 'email', canonical: body.email.canonical })
      if (!user) return refuse(c, { reason: 'not_found', what: 'user' }, 'otp')
      const sent = await send(deps, caller.project, {
        ...toOtpInput(body, { id: user.id, isNew: false }),
        idempotency: await idempotencyOf(c, body),
      })
      return sent.ok ? c.json(toOtpSentWire(sent.value), 200, NO_STORE) : refuse(c, sent.error, 'otp')
    },
  )

  app.post(
    '/verify',
    requireScope('passwordless:verify'),
    callerOfPath,
    ...jsonBody(),
    bodyOf(verifyOtpBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const extended = await extendedBy(c, body)
      if (!extended.ok) return refuse(c, extended.error, 'otp')
      const owner = await getUserOfIdentifier(deps, caller.project, body.method_id)
      if (!owner.ok) return refuse(c, owner.error, 'otp')
      // Passcodes go to email addresses: of a number there is none.
      if (owner.value.identifier.kind !== 'email') return refuse(c, { reason: 'unknown_token' }, 'otp')
      const verified = await verify(deps, caller.project, {
        ...toVerifyInput(body, extended.value),
        ...recipientOf(caller),
        secret: { person: owner.value.user.id, code: body.otp, id: null },
        redemptionKey: idempotencyKey(c),
      })
      return verified.ok
        ? c.json(await toVerifiedWire(deps, caller.project, verified.value), 200, NO_STORE)
        : refuse(c, verified.error, 'otp')
    },
  )

  return app
}

function sessions() {
  const app = new Hono<AppEnv>()

  app.post(
    '/verify',
    // What a token of ours is refreshed with needs it too: whoever shows the session's token gets fresh ones.
    requireScope('passwordless:verify'),
    callerOfPath,
    ...jsonBody(),
    bodyOf(verifySessionBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const id = await shownSession(deps, caller.project, shown(body))
      if (!id.ok) return refuse(c, id.error, 'token')
      const used = await useSession(deps, caller.project, id.value, body.session_expires_in ?? null)
      if (!used.ok) return refuse(c, used.error, 'token')
      const { session, user } = used.value
      return c.json(await toSessionParts(deps, caller.project, session, user), 200, NO_STORE)
    },
  )

  app.get('/list', requireScope('sessions:read'), callerOfPath, queryOf(listSessionsQuery), async (c) => {
    const { deps, caller } = c.var
    const user = await getUser(deps, caller.project, c.req.valid('query').user_id)
    if (!user.ok) return refuse(c, user.error, 'token')
    const live = await listSessions(deps, caller.project, user.value.id, MAX_SESSIONS, null)
    return c.json({ sessions: live.map((session) => toSession(session, user.value)) }, 200, NO_STORE)
  })

  app.delete(
    '/delete',
    requireScope('sessions:write'),
    callerOfPath,
    ...jsonBody(),
    bodyOf(deleteSessionBody),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const { session_id } = body
      const id = session_id === undefined ? await shownSession(deps, caller.project, shown(body)) : ok(session_id)
      if (!id.ok) return refuse(c, id.error, 'token')
      const ended = await endSession(deps, caller.project, id.value)
      return ended.ok
        ? c.json({ message: 'Successfully deleted session' }, 200, NO_STORE)
        : refuse(c, ended.error, 'token')
    },
  )

  return app
}

function users() {
  const app = new Hono<AppEnv>()

  app.post('/create', requireScope('users:write'), callerOfPath, ...jsonBody(), bodyOf(createUserBody), async (c) => {
    const created = await createUser(c.var.deps, c.var.caller.project, toNewUser(c.req.valid('json')))
    return created.ok ? c.json(toCreatedWire(created.value), 200, NO_STORE) : refuse(c, created.error, 'token')
  })

  app.post('/search', requireScope('users:read'), callerOfPath, ...jsonBody(), bodyOf(searchUsersBody), async (c) => {
    const { deps, caller } = c.var
    const { search, limit, starting_after = null } = c.req.valid('json')
    if (starting_after !== null && !isId('user', starting_after))
      return problem(c, 'invalid_request', 'starting_after: must be the user_id that the page before ended with')
    const found = await searchUsers(deps, caller.project, search, limit, starting_after)
    const answer = { users: found.users.map(toUser), total_count: found.total, has_more: found.hasMore }
    return c.json(answer, 200, NO_STORE)
  })

  app.get('/:id', requireScope('users:read'), callerOfPath, async (c) => {
    const user = await getUser(c.var.deps, c.var.caller.project, c.req.param('id'))
    return user.ok ? c.json(toUser(user.value), 200, NO_STORE) : refuse(c, user.error, 'token')
  })

  for (const path of ['/:id/update', '/:id'] as const) {
    app.put(path, requireScope('users:write'), callerOfPath, ...jsonBody(), bodyOf(updateUserBody), async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const user = await getUser(deps, caller.project, c.req.param('id') ?? '')
      if (!user.ok) return refuse(c, user.error, 'token')
      const changed = await changeUser(deps, caller.project, user.value.id, toUserChange(body, user.value))
      return changed.ok ? c.json(toChangedWire(body, changed.value), 200, NO_STORE) : refuse(c, changed.error, 'token')
    })
  }

  for (const path of ['/:id/delete', '/:id'] as const) {
    app.delete(path, requireScope('users:write'), callerOfPath, async (c) => {
      const id = c.req.param('id') ?? ''
      const removed = await removeUser(c.var.deps, c.var.caller.project, id)
      return removed.ok
        ? c.json({ message: 'Successfully deleted user', user_id: id }, 200, NO_STORE)
        : refuse(c, removed.error, 'token')
    })
  }

  return app
}

const bodyOf = <S extends z.ZodType>(schema: S) =>
  zValidator('json', schema, (result, c) => (result.success ? undefined : refuseInvalid(c as Call, result.error)))

const queryOf = <S extends z.ZodType>(schema: S) =>
  zValidator('query', schema, (result, c) => (result.success ? undefined : refuseInvalid(c as Call, result.error)))

function refuseInvalid(c: Call, { issues }: z.core.$ZodError): Response {
  const says = issues.map(({ path, message }) =>
    path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message,
  )
  return problem(c, 'invalid_request', says.join('; ').slice(0, 1000))
}

function wrongRedirect({ var: { deps, caller } }: Call, ...uris: (string | undefined)[]): Failure | null {
  const wrong = uris.find((uri) => uri !== undefined && !isAllowedRedirect(deps, caller.project, uri))
  return wrong === undefined ? null : { reason: 'redirect_uri_not_allowed', uri: wrong }
}

type ShownBody = { session_token?: string | null | undefined; session_jwt?: string | null | undefined }
const shown = ({ session_token = null, session_jwt = null }: ShownBody) => ({ token: session_token, jwt: session_jwt })

/** The session that is shown beside a secret, to be made longer; whether it lives and is the same person's is judged later. */
async function extendedBy(c: Call, body: ShownBody): Promise<Result<string | null, Failure>> {
  if (!body.session_token && !body.session_jwt) return ok(null)
  return shownSession(c.var.deps, c.var.caller.project, shown(body))
}
