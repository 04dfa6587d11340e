/** What a library needs to know to use us: OpenID Connect Discovery 1.0 §3, and the same for OAuth (RFC 8414 §2). */

import { type Context, Hono } from 'hono'
import { CLAIM_NAMES } from '../../domain/sessions/tokens.ts'
import { LOCALES } from '../../locales/index.ts'
import type { AppEnv } from '../context.ts'

/** RFC 8414 §3.1 puts the issuer's path behind the well-known one, where OpenID Connect has it in front. */
export const METADATA_OF_PATH = '/.well-known/oauth-authorization-server/p/:project'

const HEADERS = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }

export function discovery() {
  const app = new Hono<AppEnv>()
  app.get('/openid-configuration', answerMetadata)
  app.get('/oauth-authorization-server', answerMetadata)
  return app
}

export const answerMetadata = (c: Context<AppEnv>) => c.json(metadata(c.var.project.issuer), 200, HEADERS)

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post']

const metadata = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/oauth/token`,
  userinfo_endpoint: `${issuer}/userinfo`,
  jwks_uri: `${issuer}/.well-known/jwks.json`,
  revocation_endpoint: `${issuer}/oauth/revoke`,
  introspection_endpoint: `${issuer}/oauth/introspect`,
  end_session_endpoint: `${issuer}/logout`,
  scopes_supported: ['openid', 'profile', 'email', 'phone', 'offline_access'],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256', 'RS256'],
  token_endpoint_auth_methods_supported: [...AUTH_METHODS, 'none'],
  revocation_endpoint_auth_methods_supported: [...AUTH_METHODS, 'none'],
  introspection_endpoint_auth_methods_supported: AUTH_METHODS,
  code_challenge_methods_supported: ['S256'],
  prompt_values_supported: ['none', 'login', 'select_account', 'consent'],
  claims_supported: ['sub', 'sid', 'amr', 'auth_time', ...CLAIM_NAMES],
  claims_parameter_supported: true,
  request_parameter_supported: false,
  request_uri_parameter_supported: false,
  authorization_response_iss_parameter_supported: true,
  ui_locales_supported: LOCALES,
})
