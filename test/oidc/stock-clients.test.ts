/** Independent implementations of the other side, as an application's developer takes them from npm. */

import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { beforeAll, describe, expect, it } from 'vitest'
import { ISSUER } from '../support/app.ts'
import {
  AFTER_LOGOUT,
  aClient,
  aProject,
  CALLBACK,
  fetchOf,
  locationOf,
  oidcApp,
  PROJECT_ALONE,
  person,
  type TestClient,
  type TestProject,
} from './support.ts'

const app = oidcApp()
const customFetch = fetchOf(app)
let second: TestProject
beforeAll(async () => {
  second = await aProject(app)
})

type Kind = { method: 'client_secret_basic' | 'client_secret_post' | 'none'; alg: 'ES256' | 'RS256'; isSecond: boolean }
const KINDS: [string, Kind][] = (['client_secret_basic', 'client_secret_post', 'none'] as const).flatMap((method) =>
  (['ES256', 'RS256'] as const).flatMap((alg) =>
    [false, true].map((isSecond): [string, Kind] => [
      `${method}, ${alg}, ${isSecond ? 'at /p/<id>' : 'at the issuer'}`,
      { method, alg, isSecond },
    ]),
  ),
)

const made = ({ method, alg, isSecond }: Kind) =>
  aClient(
    app,
    { token_endpoint_auth_method: method, id_token_signed_response_alg: alg },
    isSecond ? second : PROJECT_ALONE,
  )

describe('openid-client', () => {
  const authenticationOf = ({ secret }: TestClient, method: Kind['method']) => {
    if (method === 'none') return client.None()
    return method === 'client_secret_post'
      ? client.ClientSecretPost(secret ?? '')
      : client.ClientSecretBasic(secret ?? '')
  }
  const configure = (
    { clientId, project }: TestClient,
    alg: string,
    authentication: client.ClientAuth,
    algorithm: 'oidc' | 'oauth2' = 'oidc',
  ) =>
    client.discovery(
      new URL(project.issuer),
      clientId,
      { id_token_signed_response_alg: alg, redirect_uris: [CALLBACK] },
      authentication,
      { execute: [client.allowInsecureRequests], algorithm, [client.customFetch]: customFetch },
    )

  it.each(KINDS)('signs in, refreshes, asks, revokes and signs out: %s', async (_name, kind) => {
    const registered = await made(kind)
    const config = await configure(registered, kind.alg, authenticationOf(registered, kind.method))
    client.enableNonRepudiationChecks(config)
    const who = person(app)
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const expectedNonce = client.randomNonce()
    const expectedState = client.randomState()
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'openid profile email',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      nonce: expectedNonce,
      state: expectedState,
      max_age: '600',
    })
    const back = await who.goThrough(url)
    const tokens = await client.authorizationCodeGrant(config, back, {
      pkceCodeVerifier,
      expectedNonce,
      expectedState,
      maxAge: 600,
      idTokenExpected: true,
    })
    const claims = tokens.claims()
    expect(claims).toMatchObject({ iss: registered.project.issuer, aud: registered.clientId, nonce: expectedNonce })
    expect(claims?.email).toBe(who.email)
    const subject = claims?.sub ?? ''

    const info = await client.fetchUserInfo(config, tokens.access_token, subject)
    expect(info).toMatchObject({ sub: subject, email: who.email, email_verified: true })

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    expect(refreshed.claims()).toMatchObject({ sub: subject, auth_time: claims?.auth_time })

    if (kind.method !== 'none') {
      const live = await client.tokenIntrospection(config, refreshed.access_token)
      expect(live).toMatchObject({ active: true, client_id: registered.clientId, sub: subject })
    }
    await client.tokenRevocation(config, refreshed.refresh_token ?? '')
    await expect(client.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    await expect(client.fetchUserInfo(config, refreshed.access_token, subject)).rejects.toThrow()

    const logout = client.buildEndSessionUrl(config, {
      id_token_hint: refreshed.id_token ?? '',
      post_logout_redirect_uri: AFTER_LOGOUT,
      state: 'bye',
    })
    expect(locationOf(await who.open(logout))).toBe(`${AFTER_LOGOUT}?state=bye`)
    expect(locationOf(await who.open(url))).toContain('/sign-in')
  })

  it.each([
    ['the issuer', false],
    ['/p/<id>', true],
  ])('finds the OAuth metadata of %s (RFC 8414 §3.1)', async (_name, isSecond) => {
    const registered = await made({ method: 'client_secret_basic', alg: 'ES256', isSecond })
    const config = await configure(registered, 'ES256', client.ClientSecretBasic(registered.secret ?? ''), 'oauth2')
    expect(config.serverMetadata()).toMatchObject({
      issuer: registered.project.issuer,
      token_endpoint: `${registered.project.issuer}/oauth/token`,
    })
    expect(config.serverMetadata().supportsPKCE()).toBe(true)
  })

  it.each([
    ['the issuer', false],
    ['/p/<id>', true],
  ])('gets a token of its own at %s, which the API takes for a key (RFC 6749 §4.4)', async (_name, isSecond) => {
    const project = isSecond ? second : PROJECT_ALONE
    const registered = await aClient(app, { grant_types: ['client_credentials'], scopes: ['users:read'] }, project)
    const config = await configure(registered, 'ES256', client.ClientSecretBasic(registered.secret ?? ''))
    const tokens = await client.clientCredentialsGrant(config, { scope: 'users:read' })
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'users:read' })
    expect(tokens.refresh_token).toBeUndefined()
    expect(tokens.id_token).toBeUndefined()
    const users = await client.fetchProtectedResource(config, tokens.access_token, new URL(`${ISSUER}/v1/users`), 'GET')
    expect(users.status).toBe(200)
  })

  it('refuses an answer for another nonce, state or issuer', async () => {
    const registered = await made({ method: 'none', alg: 'ES256', isSecond: false })
    const config = await configure(registered, 'ES256', client.None())
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      nonce: 'one',
      state: 'one',
    })
    const who = person(app)
    const back = await who.goThrough(url)
    await expect(
      client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState: 'two' }),
    ).rejects.toThrow()
    const mixed = new URL(back)
    mixed.searchParams.set('iss', 'https://attacker.example')
    await expect(
      client.authorizationCodeGrant(config, mixed, { pkceCodeVerifier, expectedState: 'one', expectedNonce: 'one' }),
    ).rejects.toThrow()
    await expect(
      client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState: 'one', expectedNonce: 'two' }),
    ).rejects.toThrow()
  })
})

describe('oauth4webapi', () => {
  const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: customFetch } as const

  it.each(KINDS)('signs in, refreshes, asks and revokes: %s', async (_name, kind) => {
    const registered = await made(kind)
    const { clientId, secret, project } = registered
    const issuer = new URL(project.issuer)
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
    const rp: oauth.Client = { client_id: clientId, id_token_signed_response_alg: kind.alg }
    const authentication = {
      none: oauth.None(),
      client_secret_basic: oauth.ClientSecretBasic(secret ?? '-'),
      client_secret_post: oauth.ClientSecretPost(secret ?? '-'),
    }[kind.method]

    const verifier = oauth.generateRandomCodeVerifier()
    const [nonce, state] = [oauth.generateRandomNonce(), oauth.generateRandomState()]
    const url = new URL(as.authorization_endpoint ?? '')
    const request = {
      client_id: clientId,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid email',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      nonce,
      state,
      max_age: '0',
    }
    for (const [name, value] of Object.entries(request)) url.searchParams.set(name, value)
    const who = person(app)
    const parameters = oauth.validateAuthResponse(as, rp, await who.goThrough(url), state)
    const answer = await oauth.authorizationCodeGrantRequest(
      as,
      rp,
      authentication,
      parameters,
      CALLBACK,
      verifier,
      options,
    )
    const tokens = await oauth.processAuthorizationCodeResponse(as, rp, answer, {
      expectedNonce: nonce,
      maxAge: 60,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(as, answer, options)
    const subject = oauth.getValidatedIdTokenClaims(tokens)?.sub ?? ''

    const info = await oauth.processUserInfoResponse(
      as,
      rp,
      subject,
      await oauth.userInfoRequest(as, rp, tokens.access_token, options),
    )
    expect(info.email).toBe(who.email)

    const refreshed = await oauth.processRefreshTokenResponse(
      as,
      rp,
      await oauth.refreshTokenGrantRequest(as, rp, authentication, tokens.refresh_token ?? '', options),
    )
    expect(oauth.getValidatedIdTokenClaims(refreshed)?.sub).toBe(subject)
    const resource = new Request('https://api.acme.example/', {
      headers: { authorization: `Bearer ${refreshed.access_token}` },
    })
    // As a resource server of the application's own reads it (RFC 9068 §4).
    const access = await oauth.validateJwtAccessToken(as, resource, clientId, options)
    expect(access).toMatchObject({ sub: subject, client_id: clientId, iss: project.issuer })

    if (kind.method !== 'none') {
      const asked = await oauth.introspectionRequest(as, rp, authentication, refreshed.access_token, options)
      expect(await oauth.processIntrospectionResponse(as, rp, asked)).toMatchObject({ active: true, sub: subject })
    }
    const revoked = await oauth.revocationRequest(as, rp, authentication, refreshed.refresh_token ?? '', options)
    await oauth.processRevocationResponse(revoked)
    const late = await oauth.userInfoRequest(as, rp, refreshed.access_token, options)
    expect(late.status).toBe(401)
  })

  it.each([
    ['the issuer', false],
    ['/p/<id>', true],
  ])('finds the OAuth metadata of %s, and gets a token of its own', async (_name, isSecond) => {
    const project = isSecond ? second : PROJECT_ALONE
    const { clientId, secret } = await aClient(
      app,
      { grant_types: ['client_credentials'], scopes: ['users:read'] },
      project,
    )
    const issuer = new URL(project.issuer)
    const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' })
    const as = await oauth.processDiscoveryResponse(issuer, found)
    const rp = { client_id: clientId }
    const authentication = oauth.ClientSecretPost(secret ?? '')
    const asked = await oauth.clientCredentialsGrantRequest(as, rp, authentication, new URLSearchParams(), options)
    const tokens = await oauth.processClientCredentialsResponse(as, rp, asked)
    const url = new URL(`${ISSUER}/v1/users`)
    const users = await oauth.protectedResourceRequest(tokens.access_token, 'GET', url, undefined, null, options)
    expect(users.status).toBe(200)
  })
})
