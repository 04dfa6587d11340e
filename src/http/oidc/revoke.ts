/** POST /oauth/revoke (RFC 7009): ends the grant that a refresh or access token belongs to. 200 whatever it was (§2.2). */

import { Hono } from 'hono'
import { revokeToken } from '../../domain/sessions/revoke-token.ts'
import type { AppEnv } from '../context.ts'
import { formOf } from '../form.ts'
import { answerRefused, authenticateCaller, refuseKey } from './client-authentication.ts'
import { readForm } from './form.ts'
import { oauthError } from './oauth-error.ts'
import { oauthFormLimit } from './token.ts'

export function revokeEndpoint() {
  const app = new Hono<AppEnv>()
  app.post('/', oauthFormLimit, async (c) => {
    const form = readForm(c.req.header('content-type'), await formOf(c))
    if (typeof form === 'string') return oauthError(c, 'invalid_request', form)
    const caller = await authenticateCaller(c, c.var.project, form)
    if (caller.kind === 'refused') return answerRefused(c, caller)
    const notAllowed = refuseKey(c, caller)
    if (notAllowed) return notAllowed
    const token = form.get('token')
    if (!token) return oauthError(c, 'invalid_request', 'token is missing')
    const { id } = caller.kind === 'client' ? caller.client : caller.caller
    await revokeToken(c.var.deps, caller.project, id, token)
    return c.body(null, 200, { 'cache-control': 'no-store' })
  })
  return app
}
