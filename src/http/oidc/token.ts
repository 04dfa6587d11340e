/** POST /oauth/token (RFC 6749 §3.2), for clients, and with an API key for flows that began through the API. */

import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { verify } from '../../domain/challenges/verify.ts'
import type { Client } from '../../domain/clients/client.ts'
import { clientCredentialsToken } from '../../domain/sessions/client-credentials.ts'
import { refresh } from '../../domain/sessions/refresh.ts'
import { apiClient, type TokenClient, type Tokens } from '../../domain/sessions/tokens.ts'
import type { AppEnv } from '../context.ts'
import { formOf } from '../form.ts'
import { idempotencyKey } from '../idempotency.ts'
import { problem } from '../problem.ts'
import { answerRefused, authenticateCaller, type OAuthCaller, refuseKey } from './client-authentication.ts'
import { type Parameters, readForm } from './form.ts'
import { oauthError, toOAuthError } from './oauth-error.ts'

export const MAX_FORM_BYTES = 16 * 1024
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' }

export const oauthFormLimit = bodyLimit({
  maxSize: MAX_FORM_BYTES,
  onError: (c) => problem(c as Context<AppEnv>, 'body_too_large', `The body may have at most ${MAX_FORM_BYTES} bytes.`),
})

export function tokenEndpoint() {
  const app = new Hono<AppEnv>()
  app.post('/', oauthFormLimit, async (c) => {
    const form = readForm(c.req.header('content-type'), await formOf(c))
    if (typeof form === 'string') return oauthError(c, 'invalid_request', form)
    const caller = await authenticateCaller(c, c.var.project, form)
    if (caller.kind === 'refused') return answerRefused(c, caller)
    const notAllowed = refuseKey(c, caller)
    if (notAllowed) return notAllowed
    const grantType = form.get('grant_type')
    if (grantType === undefined) return oauthError(c, 'invalid_request', 'grant_type is missing')
    if (caller.kind === 'client' && !caller.client.grantTypes.some((allowed) => allowed === grantType)) {
      const known = ['authorization_code', 'refresh_token', 'client_credentials'].includes(grantType)
      return known
        ? oauthError(c, 'unauthorized_client', `the client's grant_types do not hold ${grantType}`)
        : oauthError(c, 'unsupported_grant_type', UNSUPPORTED)
    }
    switch (grantType) {
      case 'authorization_code':
        return exchange(c, caller, form)
      case 'refresh_token':
        return rotate(c, caller, form)
      case 'client_credentials':
        return caller.kind === 'client'
          ? credentials(c, caller.client, form)
          : oauthError(c, 'unauthorized_client', 'an API key is its own credential; client_credentials is for clients')
      default:
        return oauthError(c, 'unsupported_grant_type', UNSUPPORTED)
    }
  })
  return app
}

const UNSUPPORTED = 'grant_type must be authorization_code, refresh_token or client_credentials'

async function exchange(c: Context<AppEnv>, caller: OAuthCaller, form: Parameters): Promise<Response> {
  const code = form.get('code')
  const redirectUri = form.get('redirect_uri')
  if (!code) return oauthError(c, 'invalid_request', 'code is missing')
  // RFC 6749 §4.1.3: it stood in the authorization request, so it must stand here.
  if (caller.kind === 'client' && redirectUri === undefined)
    return oauthError(c, 'invalid_request', 'redirect_uri is missing')
  const exchanged = await verify(c.var.deps, caller.project, {
    secret: { token: code, id: null },
    accepts: ['grant'],
    caller: tokenClientOf(caller),
    oauthClientId: caller.kind === 'client' ? caller.client.id : null,
    redemptionKey: idempotencyKey(c),
    codeVerifier: form.get('code_verifier') ?? null,
    device: null,
    session: true,
    sessionId: null,
    organization: null,
    wish: { resource: form.get('resource') ?? null, accessClaims: [], idClaims: [] },
    ...(redirectUri === undefined ? {} : { redirectUri }),
  })
  if (!exchanged.ok) return toOAuthError(c, exchanged.error)
  const { signedIn } = exchanged.value
  if (!signedIn) throw new Error('an exchange without a session')
  return c.json(toTokenWire(caller, signedIn.tokens, signedIn.session.id), 200, NO_STORE)
}

async function rotate(c: Context<AppEnv>, caller: OAuthCaller, form: Parameters): Promise<Response> {
  const token = form.get('refresh_token')
  if (!token) return oauthError(c, 'invalid_request', 'refresh_token is missing')
  const refreshed = await refresh(c.var.deps, caller.project, tokenClientOf(caller), token)
  if (!refreshed.ok) {
    return oauthError(c, 'invalid_grant', 'the refresh token is unknown, used, ended, or belongs to another client')
  }
  const { tokens, sessionId } = refreshed.value
  return c.json(toTokenWire(caller, tokens, sessionId), 200, NO_STORE)
}

async function credentials(c: Context<AppEnv>, client: Client, form: Parameters): Promise<Response> {
  const wished = form.get('scope')?.split(' ').filter(Boolean) ?? client.scopes
  const beyond = wished.filter((scope) => !client.scopes.some((allowed) => allowed === scope))
  if (beyond.length > 0) return oauthError(c, 'invalid_scope', `the client's scopes do not hold ${beyond.join(' ')}`)
  const resource = form.get('resource') ?? null
  if (resource !== null && !c.var.project.settings.resources.includes(resource)) {
    return oauthError(c, 'invalid_target', "resource must be one of the project's resources")
  }
  const scope = wished.join(' ')
  const { token, expiresIn } = await clientCredentialsToken(
    c.var.deps,
    c.var.project,
    toTokenClient(client),
    scope,
    resource,
  )
  return c.json({ access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope }, 200, NO_STORE)
}

export const toTokenClient = ({ id, clientId, idTokenAlg, accessTtl }: Client): TokenClient => ({
  id,
  clientId,
  alg: idTokenAlg,
  accessTtl,
})

const tokenClientOf = (caller: OAuthCaller): TokenClient =>
  caller.kind === 'client' ? toTokenClient(caller.client) : apiClient(caller.caller.id)

function toTokenWire(caller: OAuthCaller, tokens: Tokens, sessionId: string) {
  const refreshes = caller.kind === 'key' || caller.client.grantTypes.includes('refresh_token')
  return {
    access_token: tokens.accessToken,
    token_type: 'Bearer',
    expires_in: tokens.expiresIn,
    ...(refreshes ? { refresh_token: tokens.refreshToken } : {}),
    id_token: tokens.idToken,
    ...(tokens.scope === '' ? {} : { scope: tokens.scope }),
    session_id: sessionId,
  }
}
