/** GET and POST /userinfo (OpenID Connect Core §5.3): the person of an access token, as they stand now. */

import { type Context, Hono } from 'hono'
import { readAccessToken } from '../../domain/sessions/access-token.ts'
import { liveGrant } from '../../domain/sessions/live-grant.ts'
import { claimsOf } from '../../domain/sessions/tokens.ts'
import type { AppEnv } from '../context.ts'

export function userinfo() {
  const app = new Hono<AppEnv>()
  app.on(['GET', 'POST'], '/', async (c) => {
    // RFC 6750 §2.1 alone: never in the query or a form.
    const token = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (!token) return refuse(c, 'Bearer realm="latchkey"')
    const { deps, project } = c.var
    const familyId = (await readAccessToken(deps, project, token))?.familyId
    const live = familyId ? await liveGrant(deps, project, familyId) : null
    if (!live) return refuse(c, 'Bearer realm="latchkey", error="invalid_token"')
    // What the scopes stand for is among them, and what `claims` asked for (§5.4, §5.5).
    const claims = claimsOf(live.user, live.grant.idClaims, live.membership)
    return c.json({ sub: live.user.id, ...claims }, 200, { 'cache-control': 'no-store' })
  })
  return app
}

/** RFC 6750 §3.1. */
function refuse(c: Context<AppEnv>, challenge: string): Response {
  const error = challenge.includes('error=') ? 'invalid_token' : 'invalid_request'
  const description = 'send a live access token as Authorization: Bearer <token>'
  return c.json({ error, error_description: description }, 401, {
    'www-authenticate': challenge,
    'cache-control': 'no-store',
  })
}
