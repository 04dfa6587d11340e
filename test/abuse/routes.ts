/** Every route that the app has, so that the tables here fail for one that nobody put into them. */

import { createApp } from '../../src/app.ts'
import type { Scope } from '../../src/domain/api-keys/api-key.ts'
import { OPERATIONS } from '../../src/http/api/openapi.ts'
import { systemPorts } from '../../src/providers/system.ts'

/** `GET /v1/users/:id`: a project's own address, /p/:project/…, is the same route. */
export const ROUTES: readonly string[] = [
  ...new Set(
    (await createApp(systemPorts).app.routes())
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/^\/p\/:project/, '')}`),
  ),
].sort()

export const routeOf = ({ method, path }: { method: string; path: string }): string =>
  `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`

export const API_ROUTES: readonly string[] = OPERATIONS.map(routeOf)

/** What a back end asks of a vendor's routes, which openapi.json leaves to the vendors' own documentation. */
export const DIALECT_ROUTES: Readonly<Record<string, Scope>> = {
  'POST /cis/v1/users': 'users:write',
  'POST /cis/v1/auth/link/email/send': 'passwordless:send',
  'POST /cis/v1/auth/link/email/authenticate': 'passwordless:verify',
  'POST /cis/v1/auth/otp/send': 'passwordless:send',
  'POST /cis/v1/auth/otp/authenticate': 'passwordless:verify',
  'POST /api/v1/passwordless/email/send': 'passwordless:send',
  'POST /api/v1/passwordless/email/resend': 'passwordless:send',
  'POST /api/v1/passwordless/email/verify': 'passwordless:verify',
  'POST /v1/auth/magic_links/email/login_or_create': 'passwordless:send',
  'POST /v1/auth/magic_links/email/invite': 'passwordless:send',
  'POST /v1/auth/magic_links/create': 'passwordless:reveal',
  'POST /v1/auth/magic_links/email/login_status': 'passwordless:verify',
  'POST /v1/auth/magic_links/verify': 'passwordless:verify',
  'POST /v1/auth/otps/email/login_or_create': 'passwordless:send',
  'POST /v1/auth/otps/email/send': 'passwordless:send',
  'POST /v1/auth/otps/verify': 'passwordless:verify',
  'POST /v1/auth/sessions/verify': 'passwordless:verify',
  'GET /v1/auth/sessions/list': 'sessions:read',
  'DELETE /v1/auth/sessions/delete': 'sessions:write',
  'POST /v1/auth/users/create': 'users:write',
  'POST /v1/auth/users/search': 'users:read',
  'GET /v1/auth/users/:id': 'users:read',
  'PUT /v1/auth/users/:id': 'users:write',
  'PUT /v1/auth/users/:id/update': 'users:write',
  'DELETE /v1/auth/users/:id': 'users:write',
  'DELETE /v1/auth/users/:id/delete': 'users:write',
}

/** 1Kosmos: the key is a license, which comes in headers of its own. */
export const LICENSED_ROUTES: Readonly<Record<string, readonly Scope[]>> = {
  'PUT /api/r2/acr/community/:community/code': ['passwordless:send', 'passwordless:reveal'],
  'GET /api/r1/acr/community/:community/:code': ['passwordless:verify'],
  'POST /api/r1/acr/community/:community/:code/redeem': ['passwordless:verify'],
}

/** A client or an API key authenticates here, in its own ways (RFC 6749 §2.3). */
export const OAUTH_ROUTES: readonly string[] = [
  'POST /oauth/token',
  'POST /oidc/token',
  'POST /oauth/introspect',
  'POST /oauth/revoke',
]

/** A person with a cookie, or a token of their own; no key is asked for, and none helps. */
export const PERSON_ROUTES: readonly string[] = [
  'GET /userinfo',
  'POST /userinfo',
  'GET /authorize',
  'POST /authorize',
  'GET /auth/magic-link',
  'POST /auth/magic-link',
  'POST /auth/magic-link/new',
  'POST /auth/magic-link/here',
  'GET /sign-in',
  'POST /sign-in',
  'GET /sign-in/go-on',
  'POST /sign-in/go-on',
  'GET /sign-in/code',
  'POST /sign-in/code',
  'POST /sign-in/resend',
  'GET /sign-in/status',
  'GET /sign-in/done',
  'GET /account',
  'POST /account/end',
  'POST /account/sign-out',
  'GET /account/signed-out',
  'GET /logout',
  'POST /logout',
  'POST /logout/confirmed',
]

/** The same for everybody, or signed by a mail provider. */
export const PUBLIC_ROUTES: readonly string[] = [
  'GET /',
  'GET /docs',
  'GET /docs/:page',
  'GET /openapi.json',
  'GET /healthz',
  'GET /keys',
  'GET /cis/oidc/jwks',
  'GET /v1/auth/jwks/default',
  'GET /caas/sd',
  'POST /api/r1/system/community_info/fetch',
  'GET /.well-known/jwks.json',
  'GET /.well-known/openid-configuration',
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/oauth-authorization-server/p/:project',
  'POST /callbacks/resend',
  'POST /callbacks/postmark',
  'POST /callbacks/sendgrid',
]

export const LISTED: readonly string[] = [
  ...API_ROUTES,
  ...Object.keys(DIALECT_ROUTES),
  ...Object.keys(LICENSED_ROUTES),
  ...OAUTH_ROUTES,
  ...PERSON_ROUTES,
  ...PUBLIC_ROUTES,
]
