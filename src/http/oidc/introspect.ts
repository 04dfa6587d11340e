/** POST /oauth/introspect (RFC 7662): whether a token works now. For confidential clients and API keys. */

import { Hono } from 'hono'
import { introspect } from '../../domain/sessions/introspect.ts'
import type { AppEnv } from '../context.ts'
import { formOf } from '../form.ts'
import { answerRefused, authenticateCaller, refuseKey } from './client-authentication.ts'
import { readForm } from './form.ts'
import { oauthError } from './oauth-error.ts'
import { oauthFormLimit } from './token.ts'

export function introspectEndpoint() {
  const app = new Hono<AppEnv>()
  app.post('/', oauthFormLimit, async (c) => {
    const form = readForm(c.req.header('content-type'), await formOf(c))
    if (typeof form === 'string') return oauthError(c, 'invalid_request', form)
    const caller = await authenticateCaller(c, c.var.project, form)
    if (caller.kind === 'refused') return answerRefused(c, caller)
    const notAllowed = refuseKey(c, caller)
    if (notAllowed) return notAllowed
    // RFC 7662 §2.1: whoever asks is authenticated; a public client is not.
    if (caller.kind === 'client' && caller.client.authMethod === 'none') {
      return oauthError(c, 'invalid_client', 'introspection needs a client with a secret, or an API key')
    }
    const token = form.get('token')
    if (!token) return oauthError(c, 'invalid_request', 'token is missing')
    return c.json(await introspect(c.var.deps, caller.project, token), 200, { 'cache-control': 'no-store' })
  })
  return app
}
