/** POST /api/v1/passwordless/email/{send,resend,verify}: Scalekit's REST API, which is also what its gRPC means. */

import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type * as z from 'zod'
import { isAllowedRedirect } from '../../../domain/challenges/links.ts'
import { resend } from '../../../domain/challenges/resend.ts'
import { send } from '../../../domain/challenges/send.ts'
import { verify } from '../../../domain/challenges/verify.ts'
import { recipientOf } from '../../../domain/sessions/tokens.ts'
import { ok } from '../../../lib/result.ts'
import { readJsonText } from '../../../lib/strict-json.ts'
import type { AppEnv } from '../../context.ts'
import { idempotencyKey, idempotencyOf } from '../../idempotency.ts'
import { callerOfPath, onlyIfSpoken } from '../../middleware/dialect.ts'
import { requireScope } from '../../middleware/require-scope.ts'
import { problem } from '../../problem.ts'
import { resendBody, sendBody, verifyBody } from './schemas.ts'
import { answerInvalid, answerSent, answerVerified, toError, toSendInput } from './wire.ts'

const EMAIL = '/api/v1/passwordless/email'
const MAX_BYTES = 64 * 1024

export function scalekitRoutes() {
  const app = new Hono<AppEnv>()

  app.use('/api/v1/*', onlyIfSpoken('scalekit'))

  app.post(`${EMAIL}/send`, requireScope('passwordless:send'), callerOfPath, smallBody, async (c) => {
    const { deps, caller } = c.var
    const body = await read(c, sendBody)
    if (body instanceof Response) return body
    const { method } = caller.project.settings
    const uri = body.magiclink_auth_uri ?? null
    if (method !== 'code' && uri === null) {
      return answerInvalid(c, [{ path: 'magiclink_auth_uri', message: 'is required, since a link is sent' }])
    }
    // A code leads nowhere: there the address only says where it is typed.
    const isIgnored = method === 'code' && uri !== null && !isAllowedRedirect(deps, caller.project, uri)
    const input = toSendInput(body, method, isIgnored ? null : uri, await idempotencyOf(c, body))
    const sent = await send(deps, caller.project, input)
    return sent.ok ? answerSent(c, sent.value) : toError(c, sent.error)
  })

  app.post(`${EMAIL}/resend`, requireScope('passwordless:send'), callerOfPath, smallBody, async (c) => {
    const { deps, caller } = c.var
    const body = await read(c, resendBody)
    if (body instanceof Response) return body
    const sent = await resend(deps, caller.project, body.auth_request_id, await idempotencyOf(c, body), 'scalekit')
    return sent.ok ? answerSent(c, sent.value) : toError(c, sent.error)
  })

  app.post(`${EMAIL}/verify`, requireScope('passwordless:verify'), callerOfPath, smallBody, async (c) => {
    const { deps, caller } = c.var
    const secret = await read(c, verifyBody)
    if (secret instanceof Response) return secret
    const verified = await verify(deps, caller.project, {
      secret,
      dialect: 'scalekit',
      accepts: ['link'],
      ...recipientOf(caller),
      oauthClientId: null,
      redemptionKey: idempotencyKey(c),
      codeVerifier: null,
      device: null,
      session: false,
      sessionId: null,
      organization: null,
      wish: { resource: null, accessClaims: [], idClaims: [] },
    })
    return verified.ok ? answerVerified(c, verified.value) : toError(c, verified.error)
  })

  return app
}

const smallBody = bodyLimit({
  maxSize: MAX_BYTES,
  onError: (c) => problem(c as Context<AppEnv>, 'body_too_large', `The body may have at most ${MAX_BYTES} bytes.`),
})

/** The body as grpc-gateway takes it: JSON whatever its content type says, and none is an empty one. */
async function read<S extends z.ZodType>(c: Context<AppEnv>, schema: S): Promise<z.output<S> | Response> {
  const bytes = new Uint8Array(await c.req.arrayBuffer())
  const text = bytes.length === 0 ? ok('{}') : readJsonText(bytes)
  if (!text.ok) return answerInvalid(c, [{ path: '', message: text.error }])
  const parsed = schema.safeParse(JSON.parse(text.value))
  if (parsed.success) return parsed.data
  return answerInvalid(
    c,
    parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
  )
}
